/**
 * JSON as this project reads and writes it: strict, bounded, in insertion order, with errors that name file and path. The only package besides
 * {@code config} that may import Jackson. Start at {@link io.polyglow.common.json.Json}.
 */
@NullMarked
package io.polyglow.common.json;

import org.jspecify.annotations.NullMarked;
