package io.polyglow.trainer.kernels;

import org.jspecify.annotations.Nullable;

/**
 * How an engine reaches the engines of a group of ranks.
 *
 * @param exchange the way past the host, or null where there is none; then all ranks of the group have none
 * @param description the way, or why there is none, for the first line of a run; empty where there is no choice
 */
public record DevicePath(@Nullable TensorExchange exchange, String description) {
    /** Through the host, as nothing else could be expected. */
    public static final DevicePath NONE = new DevicePath(null, "");
}
