package io.polyglow.trainer.checkpoint;

import io.polyglow.trainer.optim.MomentSlice;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;

/**
 * What one rank puts into checkpoints: views of engine memory, F32. All ranks together cover every parameter and every slice of
 * optimizer state exactly once.
 */
public record RankState(List<Weight> weights, List<MomentSlice> slices) {
    /** A whole parameter. */
    public record Weight(String name, Tensor value) {}
}
