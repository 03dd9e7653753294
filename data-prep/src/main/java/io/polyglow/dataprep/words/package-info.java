/**
 * Words and sentences of any language, by Unicode's rules (UAX #29) and ICU4J's dictionaries. Depends on ICU4J. Start at {@link io.polyglow.dataprep.words.Words}.
 */
@NullMarked
package io.polyglow.dataprep.words;

import org.jspecify.annotations.NullMarked;
