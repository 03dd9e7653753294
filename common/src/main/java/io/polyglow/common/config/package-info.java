/**
 * YAML files to immutable records, complete or refused with every problem at once. Depends on SnakeYAML's parser (events only, never its object binding)
 * and on Jackson's number writer. Start at {@link io.polyglow.common.config.ConfigFile}.
 */
@NullMarked
package io.polyglow.common.config;

import org.jspecify.annotations.NullMarked;
