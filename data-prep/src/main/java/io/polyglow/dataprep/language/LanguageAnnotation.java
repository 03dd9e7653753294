package io.polyglow.dataprep.language;

import java.util.List;

/**
 * The language of a document: an answer, and all that it rests on.
 *
 * @param label the answer; {@code und_Zyyy} or {@code und_Script} when unknown
 * @param score how sure: 1 for a stated language (no model asked), the deciding model's score for a detected one, 0 for none
 * @param source where the answer comes from
 * @param script dominant script of the whole text, whatever the label says
 * @param opinions of all models above the floor, in the order of the models, best first; then the page's own claim
 * @param runs the text's paragraphs, neighbours of one language together, in order
 */
public record LanguageAnnotation(
        LanguageLabel label,
        double score,
        LanguageSource source,
        String script,
        List<Opinion> opinions,
        List<Run> runs) {

    /**
     * Paragraphs {@code [start, end)} in UTF-16 units that are in one language.
     *
     * @param score mean of the paragraphs' scores, weighted by length; 0 when unknown
     */
    public record Run(int start, int end, LanguageLabel label, double score) {}
}
