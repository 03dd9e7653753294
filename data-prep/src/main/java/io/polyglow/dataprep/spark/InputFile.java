package io.polyglow.dataprep.spark;

import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import java.io.Serializable;

/**
 * One input file.
 *
 * @param source path relative to the input root: part of the ids of its documents
 * @param path full URI
 * @param bytes length on disk
 */
record InputFile(String source, String path, long bytes, Format format, Compression compression)
        implements Serializable {
    /** Whether several tasks may read parts of the file. */
    boolean isSplittable() {
        return format == Format.PARQUET || (format.isLines() && compression == Compression.NONE);
    }
}
