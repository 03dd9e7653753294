/**
 * Personal data in texts: finders that give spans, and what is done about them. Depends on {@code common}, {@code dataprep.doc} and libphonenumber. Start at
 * {@link io.polyglow.dataprep.pii.PiiAnnotator}.
 */
@NullMarked
package io.polyglow.dataprep.pii;

import org.jspecify.annotations.NullMarked;
