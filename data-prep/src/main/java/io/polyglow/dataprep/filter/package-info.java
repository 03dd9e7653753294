/**
 * Quality filters: numbers measured once per document, thresholds per language as data, and decisions from the two. Depends on {@code words} and on ICU4J's
 * character properties. Start at {@link io.polyglow.dataprep.filter.Filter}.
 */
@NullMarked
package io.polyglow.dataprep.filter;

import org.jspecify.annotations.NullMarked;
