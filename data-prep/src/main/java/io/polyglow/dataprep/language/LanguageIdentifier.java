package io.polyglow.dataprep.language;

import java.util.List;

/**
 * Tells which language a text is in. An implementation
 *
 * <ul>
 *   <li>gives the same opinions for the same text, on every machine and after any other texts;
 *   <li>names each label once, best first, ties in the order of labels, none below the floor;
 *   <li>has no opinion ({@code []}) on a text in which it recognises nothing;
 *   <li>takes time linear in the length of the text; callers bound that, see {@link TextSample}.
 * </ul>
 *
 * An instance belongs to one thread; what is large in it (the model) is shared by all instances of a process.
 */
public interface LanguageIdentifier {
    /** Short name of the model, such as {@code opennlp} or {@code lid.176}. */
    String model();

    /** All labels that the model can give; script {@code Zyyy} where the model names none. */
    List<LanguageLabel> labels();

    /**
     * Opinions on one text without line breaks.
     *
     * @param floor smallest score of an opinion that is given
     */
    List<Opinion> identify(String line, double floor);
}
