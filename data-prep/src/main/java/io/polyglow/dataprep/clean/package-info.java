/**
 * Text normalisation, languages and scripts, all from pinned Unicode data. Start at {@link io.polyglow.dataprep.clean.Cleaner}.
 */
@NullMarked
package io.polyglow.dataprep.clean;

import org.jspecify.annotations.NullMarked;
