/**
 * Which language and script a text is written in: labels, identifiers behind one seam, opinions per document and per paragraph, and how often they are right.
 * Depends on {@code common}, ICU4J and OpenNLP. Start at {@link io.polyglow.dataprep.language.LanguageAnnotator}.
 */
@NullMarked
package io.polyglow.dataprep.language;

import org.jspecify.annotations.NullMarked;
