package io.polyglow.trainer.model;

import java.util.List;

/**
 * One parameter: its Hugging Face name and shape, its place, and how it starts: normal with {@code mean} and {@code std}, std 0 meaning a constant.
 *
 * @param layer the block, or {@link #NO_LAYER}
 */
public record ParameterSpec(String name, List<Long> shape, Role role, int layer, double mean, double std) {
    /** The layer of what stands before or after the blocks. */
    public static final int NO_LAYER = -1;

    /** Number of elements. */
    public long size() {
        long size = 1;
        for (long dim : shape) {
            size = Math.multiplyExact(size, dim);
        }
        return size;
    }

    /** Whether weight decay applies: to matrices, not to biases and norms (Radford et al. 2018, 3.1). */
    public boolean decays() {
        return shape.size() > 1;
    }
}
