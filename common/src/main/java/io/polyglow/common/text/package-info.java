/**
 * Characters and bytes, for whoever reads text: needs no other package. Start at {@link io.polyglow.common.text.Utf8}.
 */
@NullMarked
package io.polyglow.common.text;

import org.jspecify.annotations.NullMarked;
