/**
 * fastText's supervised models read natively: {@code .bin} and quantised {@code .ftz} files, mapped, never copied to the heap as a whole. Depends on {@code common} alone.
 * Start at {@link io.polyglow.dataprep.language.fasttext.FastTextModel}.
 */
@NullMarked
package io.polyglow.dataprep.language.fasttext;

import org.jspecify.annotations.NullMarked;
