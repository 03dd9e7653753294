/**
 * Files into documents: plain text, HTML, JSON lines, CSV, WARC. Every reader is bounded in memory and turns what it cannot use into a rejected document. Start at {@link io.polyglow.dataprep.read.Readers}.
 */
@NullMarked
package io.polyglow.dataprep.read;

import org.jspecify.annotations.NullMarked;
