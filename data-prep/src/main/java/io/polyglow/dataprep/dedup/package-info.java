/**
 * What makes two texts the same, nearly the same, or a copy of an evaluation item: simplified text, shingles, MinHash signatures, repeated
 * lines, n-gram hits. Pure functions; {@code dataprep.spark} applies them. Start at {@link io.polyglow.dataprep.dedup.Sketcher}.
 */
@NullMarked
package io.polyglow.dataprep.dedup;

import org.jspecify.annotations.NullMarked;
