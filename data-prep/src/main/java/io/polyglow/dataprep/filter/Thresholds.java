package io.polyglow.dataprep.filter;

import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the filters tolerate: one layer of it. A value left out is decided by the layer below; {@link #over} puts one layer on another. The lowest layer,
 * {@code default.yaml}, has every value. A document is rejected when a number is smaller than a {@code min-} or larger than a {@code max-}.
 */
public record Thresholds(
        @Range(min = 0, max = 1) @Doc("Smallest score of the language that was found.") @Nullable Double languageScore,
        GopherQuality gopherQuality,
        GopherRepetition gopherRepetition,
        Fineweb fineweb,
        C4 c4,
        Mc4 mc4,
        Characters characters,
        @Doc("Frequent words of the language; empty when it has no list, and then nothing is asked of them.") @Nullable
                List<String> stopWords)
        implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Gopher's quality rules (Rae et al. 2021, section A1.1). */
    public record GopherQuality(
            @Doc("Whether these rules apply.") @Nullable Boolean on,
            @Doc("Words that are not punctuation alone, at least.") @Nullable Double minWords,
            @Doc("Words that are not punctuation alone, at most.") @Nullable Double maxWords,
            @Doc("Their mean length in characters, at least.") @Nullable Double minMeanWordLength,
            @Doc("Their mean length in characters, at most.") @Nullable Double maxMeanWordLength,
            @Doc("# per word, at most.") @Nullable Double maxHashes,
            @Doc("Ellipses per word, at most.") @Nullable Double maxEllipses,
            @Doc("Share of lines that begin with a bullet, at most.") @Nullable Double maxBulletLines,
            @Doc("Share of lines that end with an ellipsis, at most.") @Nullable Double maxEllipsisLines,
            @Doc("Share of words with a letter, at least.") @Nullable Double minAlphabeticWords,
            @Doc("Different stop words, at least; not asked of languages without a list.") @Nullable
                    Double minStopWords)
            implements Serializable {}

    /** Gopher's repetition rules (Rae et al. 2021, table A1). */
    public record GopherRepetition(
            @Doc("Whether these rules apply.") @Nullable Boolean on,
            @Doc("Share of lines that came before, at most.") @Nullable Double maxDuplicateLines,
            @Doc("Share of characters in such lines, at most.") @Nullable Double maxDuplicateLineChars,
            @Doc("Share of paragraphs that came before, at most.") @Nullable Double maxDuplicateParagraphs,
            @Doc("Share of characters in such paragraphs, at most.") @Nullable Double maxDuplicateParagraphChars,
            @Doc("Share of characters in the most frequent n-gram, at most; for n = 2, 3, 4.") @Nullable
                    List<Double> maxTopNGrams,
            @Doc("Share of characters in n-grams that came before, at most; for n = 5 to 10.") @Nullable
                    List<Double> maxDuplicateNGrams)
            implements Serializable {}

    /** FineWeb's rules (Penedo et al. 2024). */
    public record Fineweb(
            @Doc("Whether these rules apply.") @Nullable Boolean on,
            @Doc("Share of lines that end with what ends sentences, at least.") @Nullable Double minPunctuatedLines,
            @Doc("Share of lines of at most 30 characters, at most.") @Nullable Double maxShortLines,
            @Doc("Share of characters in lines that came before, at most.") @Nullable Double maxDuplicateLineChars,
            @Doc("Line feeds per word, at most.") @Nullable Double maxLineFeeds)
            implements Serializable {}

    /** C4's rules (Raffel et al. 2020, section 2.2); they take lines out, and reject documents by what is left. */
    public record C4(
            @Doc("Whether these rules apply.") @Nullable Boolean on,
            @Doc("Sentences left, at least.") @Nullable Double minSentences,
            @Doc("Whether lines without an end mark go.") @Nullable Boolean endMarks,
            @Doc("Whether lines of fewer than three words go.") @Nullable Boolean fewWords,
            @Doc("Words of filter.bad-words, at most; asked of every language with a list, whether the"
                            + " other rules apply or not.")
                    @Nullable
                    Double maxBadWords)
            implements Serializable {}

    /** mC4's rule (Xue et al. 2021). */
    public record Mc4(
            @Doc("Whether this rule applies.") @Nullable Boolean on,
            @Doc("Lines of at least 200 characters, at least.") @Nullable Double minLongLines)
            implements Serializable {}

    /** Shares of characters, as NeMo Curator's heuristics have them. */
    public record Characters(
            @Doc("Whether these rules apply.") @Nullable Boolean on,
            @Doc("Share of digits, at most.") @Nullable Double maxDigits,
            @Doc("Share of upper-case letters among letters, at most.") @Nullable Double maxUpperCase,
            @Doc("Share of characters in web addresses, at most.") @Nullable Double maxUrls)
            implements Serializable {}

    /** These values, and those of {@code below} where there is none. */
    public Thresholds over(Thresholds below) {
        return Layers.merge(Thresholds.class, below, this);
    }
}
