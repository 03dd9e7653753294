package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Token ids to the residual stream; reads the master tables. */
final class Embedding {
    private final Kernels kernels;
    private final int tokenIndex;
    private final int positionIndex;
    private final Tensor tokenTable;
    private final @Nullable Tensor positionTable;

    Embedding(Kernels kernels, ParameterSet parameters) {
        this.kernels = kernels;
        tokenIndex = parameters.layout().find(Role.TOKEN_TABLE, ParameterSpec.NO_LAYER);
        positionIndex = parameters.layout().find(Role.POSITION_TABLE, ParameterSpec.NO_LAYER);
        tokenTable = parameters.master(tokenIndex);
        positionTable = positionIndex < 0 ? null : parameters.master(positionIndex);
    }

    void forward(Tensor out, Tensor tokens, int T, int firstPosition) {
        kernels.embedding(out, tokens, tokenTable, positionTable, T, firstPosition);
    }

    void backward(GradientSet gradients, Tensor tokens, Tensor dOut, int T) {
        Tensor dPositionTable = positionIndex < 0 ? null : gradients.operand(positionIndex);
        kernels.embeddingBackward(gradients.operand(tokenIndex), dPositionTable, tokens, dOut, T);
    }
}
