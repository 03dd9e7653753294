/**
 * What every module shares. Depends on the JDK, Agrona, Jackson, SnakeYAML and SLF4J alone. {@link io.polyglow.common.AllowApi} marks the exemptions from the build's banned APIs.
 */
@NullMarked
package io.polyglow.common;

import org.jspecify.annotations.NullMarked;
