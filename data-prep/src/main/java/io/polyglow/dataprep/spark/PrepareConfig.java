package io.polyglow.dataprep.spark;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.split.SplitPlan;
import org.jspecify.annotations.Nullable;

/** Settings of one prepare run: raw text to documents, tokenizer and token shards. */
public record PrepareConfig(
        @Doc(
                        "File, directory or glob of the raw text; a plain path is local, hdfs://... is HDFS. Names that begin with . or _ are passed over.")
                String input,
        @Doc("Directory to create; it appears whole or not at all.") String output,
        @Default("false") @Doc("Replace an existing output that was made from other inputs or settings.")
                boolean overwrite,
        @Default("auto")
                @Doc(
                        "How files become documents; auto goes by extension: .txt .md, .html .htm, .jsonl .ndjson .json, .parquet; all but Parquet also with .gz or .zst.")
                InputFormat format,
        @Doc("Language label of documents that state none; without it the language is detected.") @Nullable
                String language,
        Columns columns,
        Limits limits,
        TokenizerSection tokenizer,
        SplitSection split,
        Shards shards,
        @Default("1") @Doc("Decides the split and the order of documents.") long seed) {

    /** What {@link Format} says, or auto. */
    public enum InputFormat {
        AUTO,
        TEXT,
        LINES,
        HTML,
        JSONL,
        PARQUET;

        /** The format that every file has, or null when its name decides. */
        @Nullable
        Format fixed() {
            return this == AUTO ? null : Format.valueOf(name());
        }
    }

    /** Where records keep their parts. */
    public record Columns(
            @Default("text") @Doc("JSON member or Parquet column with the text.") String text,
            @Default("id") @Doc("JSON member or Parquet column with the document's own name, if it has one.") String id,
            @Default("language") @Doc("JSON member or Parquet column with the language label, if it has one.")
                    String language) {}

    /** What a document may be at most. */
    public record Limits(
            @Default("16777216")
                    @Range(min = 1, max = 268435456)
                    @Doc(
                            "Largest document in bytes; a larger file or line is rejected, with its place, without being held in memory.")
                    int documentBytes) {}

    /** Which tokenizer to use, or how to train one. */
    public record TokenizerSection(
            @Doc("An existing tokenizer.json to use instead of training one.") @Nullable String file,
            @Default("8192")
                    @Range(min = 1, max = 10000000)
                    @Doc(
                            "Number of ids of a trained tokenizer, <|endoftext|> included; fewer when the text has nothing more to merge.")
                    int vocabSize,
            @Default("gpt2") @Doc("What a trained tokenizer may not merge across: gpt2 (words) or char (characters).")
                    PreTokenPattern pattern,
            @Default("true")
                    @Doc(
                            "With pattern char: keep the 256 bytes as ids, so that characters outside the training text can be encoded too.")
                    boolean byteFallback) {}

    /** What is held out for validation. */
    public record SplitSection(
            @Default("documents")
                    @Doc(
                            "documents: each document goes to one side, by a hash of seed and id; contiguous: the last part of every document is held out.")
                    SplitPlan.Mode mode,
            @Default("0.05")
                    @Range(min = 0, max = 0.5)
                    @Doc("Fraction held out: of the documents, or of the characters of each document.")
                    double validation) {}

    /** How tokens are cut into files. */
    public record Shards(
            @Default("134217728")
                    @Range(min = 1, max = 268435456)
                    @Doc("Text per shard in bytes, about; one Spark task writes one shard.")
                    long textBytes) {}

    ReadOptions readOptions() {
        return new ReadOptions(columns.text, columns.id, columns.language, limits.documentBytes);
    }

    /** The settings that decide what is made: without places, and without the tokenizer's file, whose contents count instead. */
    PrepareConfig withoutPlaces() {
        TokenizerSection trained =
                new TokenizerSection(null, tokenizer.vocabSize, tokenizer.pattern, tokenizer.byteFallback);
        return new PrepareConfig("", "", false, format, language, columns, limits, trained, split, shards, seed);
    }
}
