/**
 * Raw text to documents: normalisation from pinned Unicode data, names, hashes. Start at {@link io.polyglow.dataprep.clean.Cleaner}.
 */
@NullMarked
package io.polyglow.dataprep.clean;

import org.jspecify.annotations.NullMarked;
