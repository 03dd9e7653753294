package io.polyglow.dataprep.spark;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import io.polyglow.dataprep.dedup.DecontaminationConfig;
import io.polyglow.dataprep.dedup.DedupConfig;
import io.polyglow.dataprep.filter.FilterConfig;
import io.polyglow.dataprep.language.LanguageConfig;
import io.polyglow.dataprep.mix.MixConfig;
import io.polyglow.dataprep.pii.PiiConfig;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import io.polyglow.dataprep.split.SplitPlan;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
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
                        "How files become documents; auto goes by extension: .txt .md, .html .htm, .jsonl .ndjson .json, .csv, .tsv, .warc .wet, .parquet; all but Parquet also with .gz, .zst or .bz2.")
                InputFormat format,
        @Doc("Language label of documents that state none; without it the language is detected.") @Nullable
                String language,
        Columns columns,
        Limits limits,
        LanguageConfig languageId,
        FilterConfig filter,
        PiiConfig pii,
        DedupConfig dedup,
        DecontaminationConfig decontamination,
        MixConfig mix,
        TokenizerConfig tokenizer,
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
        CSV,
        TSV,
        WARC,
        PARQUET;

        /** The format that every file has, or null when its name decides. */
        @Nullable
        Format fixed() {
            return this == AUTO ? null : Format.valueOf(name());
        }
    }

    /** Where records keep their parts. */
    public record Columns(
            @Default("text") @Doc("JSON member or column of a table with the text; a.b is member b of a.") String text,
            @Default("id") @Doc("JSON member or column with the document's own name, if it has one.") String id,
            @Default("language") @Doc("JSON member or column with the language label, if it has one.") String language,
            @Default("url") @Doc("JSON member or column with the address of the page, if it has one.") String url,
            @Default("date") @Doc("JSON member or column with the date, if it has one.") String date) {}

    /** What a document may be at most. */
    public record Limits(
            @Default("16777216")
                    @Range(min = 1, max = 268435456)
                    @Doc(
                            "Largest document in bytes; a larger file or line is rejected, with its place, without being held in memory.")
                    int documentBytes) {}

    /** What is held out for validation. */
    public record SplitSection(
            @Default("documents")
                    @Doc(
                            "documents: each document goes to one side, by a hash of seed and id; contiguous: the last part of every document is held out.")
                    SplitPlan.Mode mode,
            @Default("0.05")
                    @Range(min = 0, max = 0.5)
                    @Doc("Fraction held out: of the documents, or of the characters of each document.")
                    double validation) {
        SplitPlan plan(long seed) {
            return new SplitPlan(mode, validation, seed);
        }
    }

    /** How tokens are cut into files. */
    public record Shards(
            @Default("134217728")
                    @Range(min = 1, max = 268435456)
                    @Doc(
                            "Text per shard in bytes, about; one Spark task writes one shard, and goes on in another one beyond 1 GiB of tokens.")
                    long textBytes) {}

    ReadOptions readOptions() {
        return new ReadOptions(
                columns.text, columns.id, columns.language, columns.url, columns.date, limits.documentBytes);
    }

    /** The settings that decide what is made: without places, and without the tokenizer's file, whose contents count instead. */
    PrepareConfig withoutPlaces() {
        return new PrepareConfig(
                "",
                "",
                false,
                format,
                language,
                columns,
                limits,
                languageId,
                filter,
                pii,
                dedup,
                decontamination,
                mix,
                tokenizer.withoutFile(),
                split,
                shards,
                seed);
    }
}
