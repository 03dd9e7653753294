package io.polyglow.dataprep.read;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** How the bytes of an input file become documents. */
public enum Format {
    /** A file is one document. */
    TEXT,
    /** A line is one document. */
    LINES,
    /** A page is one document: its main text, with the language of {@code <html lang>}. */
    HTML,
    /** A line is one document, a JSON object. */
    JSONL,
    /** A record after the first, which names the columns, is one document (RFC 4180). */
    CSV,
    /** CSV with tabs. */
    TSV,
    /** A record with an HTML page, or with text made from one (WET), is one document (ISO 28500). */
    WARC,
    /** A row is one document. */
    PARQUET;

    private static final Map<String, Format> BY_EXTENSION = Map.ofEntries(
            Map.entry("txt", TEXT),
            Map.entry("text", TEXT),
            Map.entry("md", TEXT),
            Map.entry("html", HTML),
            Map.entry("htm", HTML),
            Map.entry("xhtml", HTML),
            Map.entry("jsonl", JSONL),
            Map.entry("ndjson", JSONL),
            Map.entry("json", JSONL),
            Map.entry("csv", CSV),
            Map.entry("tsv", TSV),
            Map.entry("warc", WARC),
            Map.entry("wet", WARC),
            Map.entry("parquet", PARQUET));

    /** The format that a file name shows, after a compression suffix is taken off. */
    public static Optional<Format> ofName(String name) {
        String plain = Compression.ofName(name).strip(name).toLowerCase(Locale.ROOT);
        return Optional.ofNullable(BY_EXTENSION.get(plain.substring(plain.lastIndexOf('.') + 1)));
    }

    /** Whether documents are lines, so that a large file may be cut at any line ending. */
    public boolean isLines() {
        return this == LINES || this == JSONL;
    }
}
