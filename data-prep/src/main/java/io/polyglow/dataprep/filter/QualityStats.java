package io.polyglow.dataprep.filter;

import java.util.List;

/**
 * All that the rules need to know about a document, measured once; {@link Filter} decides from it. Lengths are in code points, shares are of one. A share of
 * nothing is 0. Each number's exact definition and source: {@code docs/design/data-prep-filter.md}.
 *
 * @param chars code points of the text
 */
public record QualityStats(
        int chars,
        WordStats words,
        LineStats lines,
        FineWebStats fineweb,
        RepetitionStats repetition,
        C4Stats c4,
        CharacterStats characters) {

    /**
     * Gopher's numbers about words.
     *
     * @param count all words, those of punctuation too
     * @param plain words that are not punctuation alone
     * @param meanLength of the plain ones
     * @param hashes {@code #} per word
     * @param ellipses {@code ...} and {@code …} per word
     * @param alphabetic share of all words with a letter
     * @param stopWords how many different words of the language's list occur; -1 when there is no list
     */
    public record WordStats(
            int count,
            int plain,
            double meanLength,
            double hashes,
            double ellipses,
            double alphabetic,
            int stopWords) {}

    /**
     * Gopher's and mC4's numbers about lines.
     *
     * @param count lines, blank ones too
     * @param bullets share of lines that begin with {@code •} or {@code -}
     * @param ellipses share of lines that end with {@code ...} or {@code …}
     * @param longLines lines of at least 200 code points
     */
    public record LineStats(int count, double bullets, double ellipses, int longLines) {}

    /**
     * FineWeb's numbers.
     *
     * @param lines that are not blank
     * @param punctuated share of them that ends with what ends sentences
     * @param shortLines share of them of at most 30 code points
     * @param duplicateChars code points in lines that came before, over all but line feeds
     * @param lineFeeds line feeds per word
     */
    public record FineWebStats(
            int lines, double punctuated, double shortLines, double duplicateChars, double lineFeeds) {}

    /**
     * Gopher's numbers about repetition.
     *
     * @param duplicateLines share of lines that came before
     * @param duplicateLineChars their code points over all
     * @param duplicateParagraphs share of paragraphs that came before
     * @param duplicateParagraphChars their code points over all
     * @param topNGrams for n of 2 to 4: code points of the most frequent n-gram, all its occurrences, over all
     * @param duplicateNGrams for n of 5 to 10: code points in n-grams that came before, over all
     */
    public record RepetitionStats(
            double duplicateLines,
            double duplicateLineChars,
            double duplicateParagraphs,
            double duplicateParagraphChars,
            List<Double> topNGrams,
            List<Double> duplicateNGrams) {
        /** The first n of {@code topNGrams}. */
        public static final int FIRST_TOP = 2;
        /** The last n of {@code topNGrams}. */
        public static final int LAST_TOP = 4;
        /** The first n of {@code duplicateNGrams}. */
        public static final int FIRST_DUPLICATE = 5;
        /** The last n of {@code duplicateNGrams}. */
        public static final int LAST_DUPLICATE = 10;
    }

    /**
     * What C4 finds in the lines.
     *
     * @param sentences in all lines, citations taken out
     * @param spans lines with a finding, neighbours with the same ones joined, in order
     * @param badWords places with a word of the language's list; -1 when there is no list
     */
    public record C4Stats(int sentences, List<LineSpan> spans, int badWords) {}

    /**
     * Lines with the same findings.
     *
     * @param start of the first line, a UTF-16 offset
     * @param end where the line after the last one starts
     * @param findings bits, see {@link C4Finding}
     * @param sentences that these lines hold
     */
    public record LineSpan(int start, int end, int findings, int sentences) {}

    /**
     * Shares of characters.
     *
     * @param digits decimal digits of any script
     * @param upperCase upper-case letters, over all letters
     * @param urls code points of web addresses
     */
    public record CharacterStats(double digits, double upperCase, double urls) {}
}
