package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of tables by token and by position. Legend: B sequences of T tokens, N = B*T, C channels, V rows of the token table. */
final class Embeddings {
    private final ColumnSums columnSums;

    Embeddings(ColumnSums columnSums) {
        this.columnSums = columnSums;
    }

    void forward(
            Tensor out, Tensor tokens, Tensor tokenTable, @Nullable Tensor positionTable, int T, int firstPosition) {
        try (INDArray ids = Nd4j.createFromArray(ids(tokens, tokenTable.dim(0)))) {
            Ops.gather(Run.matrix(out), Run.matrix(tokenTable), ids);
        }
        if (positionTable != null) {
            long C = out.dim(1);
            INDArray byPosition = Run.of(out).dense(tokens.size() / T, T * C);
            Ops.add(
                    byPosition,
                    byPosition,
                    Run.of(positionTable).from(firstPosition * C).dense(1, T * C));
        }
    }

    /** The legacy scatter adds in the order of the rows, repeated ones too; the gradient that ND4J derives for its gather does not. */
    void backward(@Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int T) {
        if (dTokenTable != null) {
            try (INDArray ids = Nd4j.createFromArray(ids(tokens, dTokenTable.dim(0)))) {
                Ops.scatterAdd(Run.matrix(dTokenTable), ids, Run.matrix(dOut));
            }
        }
        if (dPositionTable != null) {
            long width = T * dOut.dim(1);
            columnSums.addTo(
                    Run.of(dPositionTable).dense(1, width), Run.of(dOut).dense(tokens.size() / T, width));
        }
    }

    private static int[] ids(Tensor tokens, long V) {
        int[] ids = Transfer.ids(tokens);
        for (int id : ids) {
            if (id < 0 || id >= V) {
                throw new IllegalArgumentException("token " + id + " is outside the vocabulary [0, " + V + ")");
            }
        }
        return ids;
    }
}
