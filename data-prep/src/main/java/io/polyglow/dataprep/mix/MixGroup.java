package io.polyglow.dataprep.mix;

import java.io.Serializable;

/**
 * Documents that one plan line is about.
 *
 * @param language their label
 * @param source the beginning of path, of {@code mix.source-weights}, that they fall under; {@code *} when none fits
 * @param bytes of UTF-8 text
 * @param weightedBytes the same, each document counted as often as its source and its cluster weigh
 */
public record MixGroup(String language, String source, long documents, long bytes, double weightedBytes)
        implements Serializable {}
