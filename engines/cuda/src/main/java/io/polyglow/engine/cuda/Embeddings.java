package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Function;
import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Token and position embeddings. */
final class Embeddings implements AutoCloseable {
    private static final int ROW_THREADS = 128;
    private static final int THREADS = 256;
    private static final int CHANNELS_PER_BLOCK = 1024;

    private final Launcher launcher;
    private final ByType forward;
    private final Function tokenCount;
    private final Function tokenBegin;
    private final Function tokenList;
    private final Function tokensBackward;
    private final Function positionsBackward;
    private final Scratch lists;

    Embeddings(Launcher launcher) {
        this.launcher = launcher;
        forward = launcher.kernels("embedding");
        tokenCount = launcher.kernel("token_count");
        tokenBegin = launcher.kernel("token_begin");
        tokenList = launcher.kernel("token_list");
        tokensBackward = launcher.kernel("embedding_backward_tokens");
        positionsBackward = launcher.kernel("embedding_backward_positions");
        lists = new Scratch(launcher.device());
    }

    void forward(Tensor out, Tensor tokens, Tensor tokenTable, @Nullable Tensor positionTable, int T, int first) {
        if (positionTable != null && positionTable.dtype() != tokenTable.dtype()) {
            throw new IllegalArgumentException(
                    "positionTable is " + positionTable + ", expected the dtype of tokenTable " + tokenTable);
        }
        Launcher.requireComputes(out.dtype());
        launcher.call(forward.of(tokenTable.dtype()))
                .tensor(out)
                .tensor(tokens)
                .tensor(tokenTable)
                .tensor(positionTable)
                .i32(out.dim(1))
                .i32(tokenTable.dim(0))
                .i32(T)
                .i32(first)
                .run(Grid.of(out.dim(0), ROW_THREADS));
    }

    void backward(@Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int T) {
        Launcher.requireComputes(dOut.dtype());
        if (dTokenTable != null) {
            addToTokens(dTokenTable, tokens, dOut);
        }
        if (dPositionTable != null) {
            long rowElements = T * dOut.dim(1);
            launcher.call(positionsBackward)
                    .tensor(dPositionTable)
                    .tensor(dOut)
                    .i32(dOut.dim(0) / T)
                    .i64(rowElements)
                    .run(Grid.covering(rowElements, THREADS));
        }
    }

    private void addToTokens(Tensor dTable, Tensor tokens, Tensor dOut) {
        long V = dTable.dim(0);
        long C = dTable.dim(1);
        long N = tokens.size();
        long ofTable = V * DType.I32.bytes();
        long count = lists.atLeast(3 * ofTable + (1 + N) * DType.I32.bytes());
        long taken = count + ofTable;
        long cursor = taken + ofTable;
        long begin = cursor + DType.I32.bytes();
        long list = begin + ofTable;
        launcher.device().fill(count, 0, begin - count);
        launcher.call(tokenCount).address(count).tensor(tokens).i32(V).i32(N).run(Grid.covering(N, THREADS));
        launcher.call(tokenBegin)
                .address(begin)
                .address(cursor)
                .address(count)
                .i32(V)
                .run(Grid.covering(V, THREADS));
        launcher.call(tokenList)
                .address(list)
                .address(taken)
                .address(begin)
                .tensor(tokens)
                .i32(V)
                .i32(N)
                .run(Grid.covering(N, THREADS));
        int blocksOfRow = Math.toIntExact((C + CHANNELS_PER_BLOCK - 1) / CHANNELS_PER_BLOCK);
        launcher.call(tokensBackward)
                .tensor(dTable)
                .tensor(dOut)
                .tensor(tokens)
                .address(count)
                .address(begin)
                .address(list)
                .i32(C)
                .i32(N)
                .run(new Grid(Math.toIntExact(V), blocksOfRow, 1, THREADS, 1));
    }

    @Override
    public void close() {
        lists.close();
    }
}
