package io.polyglow.trainer.model;

/**
 * Which activations a block keeps for its backward pass, and which this computes again (Chen et al. 2016, "Training deep nets with sublinear memory cost"; the names are Megatron's and
 * torchtitan's). Kernels give the same bits every time, so the level changes none.
 */
public enum Recompute {
    /** Everything is kept. */
    NONE,
    /** Norms and activation functions are computed again: no matrix product is. */
    SELECTIVE,
    /** Blocks keep their input alone; all but the last product of the MLP is computed again. */
    FULL
}
