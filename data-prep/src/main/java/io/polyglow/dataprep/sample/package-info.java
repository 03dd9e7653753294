/**
 * A multilingual corpus with known right answers, spelled by ICU4J. Start at {@link io.polyglow.dataprep.sample.SampleCorpus}.
 */
@NullMarked
package io.polyglow.dataprep.sample;

import org.jspecify.annotations.NullMarked;
