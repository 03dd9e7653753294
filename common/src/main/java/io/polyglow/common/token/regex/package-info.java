/**
 * Regular expressions of Oniguruma's syntax, as {@code tokenizer.json} has them, matched over UTF-8 by finite automata: linear in the text, and with Unicode tables of
 * its own. Needs nothing but {@link io.polyglow.common.text.Utf8}. Start at {@link io.polyglow.common.token.regex.TextRegex}.
 */
@NullMarked
package io.polyglow.common.token.regex;

import org.jspecify.annotations.NullMarked;
