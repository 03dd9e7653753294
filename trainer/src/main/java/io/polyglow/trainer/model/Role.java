package io.polyglow.trainer.model;

/** What a parameter is to the kernels. Consecutive parameters of one role and layer, such as q, k and v, are one operand of one matrix product. */
public enum Role {
    /** Embedding of tokens {@code [V, C]}; in a tied model also the weight of the head. */
    TOKEN_TABLE,
    /** Embedding of learned positions {@code [P, C]}. */
    POSITION_TABLE,
    /** Scale of the norm before attention. */
    ATTENTION_NORM_GAMMA,
    /** Shift of the norm before attention. */
    ATTENTION_NORM_BETA,
    /** Queries, keys and values from the stream. */
    QKV_WEIGHT,
    /** Bias of {@link #QKV_WEIGHT}. */
    QKV_BIAS,
    /** Attention output back to the stream. */
    ATTENTION_OUT_WEIGHT,
    /** Bias of {@link #ATTENTION_OUT_WEIGHT}. */
    ATTENTION_OUT_BIAS,
    /** Scale of the norm before the MLP. */
    MLP_NORM_GAMMA,
    /** Shift of the norm before the MLP. */
    MLP_NORM_BETA,
    /** Stream to hidden channels: up, or gate and up. */
    MLP_UP_WEIGHT,
    /** Bias of {@link #MLP_UP_WEIGHT}. */
    MLP_UP_BIAS,
    /** Hidden channels back to the stream. */
    MLP_DOWN_WEIGHT,
    /** Bias of {@link #MLP_DOWN_WEIGHT}. */
    MLP_DOWN_BIAS,
    /** Scale of the norm before the head. */
    FINAL_NORM_GAMMA,
    /** Shift of the norm before the head. */
    FINAL_NORM_BETA,
    /** Stream to logits {@code [V, C]}; in a tied model the token table. */
    HEAD_WEIGHT;

    /** Whether kernels read it in the compute dtype, and nowhere as a master weight. */
    public boolean isWeightOfLinear() {
        return switch (this) {
            case QKV_WEIGHT, ATTENTION_OUT_WEIGHT, MLP_UP_WEIGHT, MLP_DOWN_WEIGHT, HEAD_WEIGHT -> true;
            default -> false;
        };
    }

    /** Whether a backward pass can write its gradient, as a matrix product does, instead of adding to zeros. */
    boolean isOfLinear() {
        return switch (this) {
            case QKV_WEIGHT, QKV_BIAS, ATTENTION_OUT_WEIGHT, ATTENTION_OUT_BIAS -> true;
            case MLP_UP_WEIGHT, MLP_UP_BIAS, MLP_DOWN_WEIGHT, MLP_DOWN_BIAS, HEAD_WEIGHT -> true;
            default -> false;
        };
    }
}
