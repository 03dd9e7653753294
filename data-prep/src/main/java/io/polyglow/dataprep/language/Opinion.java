package io.polyglow.dataprep.language;

/**
 * What one model thinks of a text.
 *
 * @param model the model's name, see {@link LanguageIdentifier#model}
 * @param label the language, with the script that the model's label names or else the text's
 * @param score probability in [0, 1]
 */
public record Opinion(String model, LanguageLabel label, double score) {}
