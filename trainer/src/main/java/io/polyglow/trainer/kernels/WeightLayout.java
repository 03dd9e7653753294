package io.polyglow.trainer.kernels;

/** How the weight matrix of a linear layer from I inputs to O outputs lies in memory. Checkpoints keep the family's own layout. */
public enum WeightLayout {
    /** {@code [O, I]}: {@code torch.nn.Linear}, used by Llama and by tied heads. */
    OUT_IN,
    /** {@code [I, O]}: Hugging Face {@code Conv1D}, used by GPT-2. */
    IN_OUT
}
