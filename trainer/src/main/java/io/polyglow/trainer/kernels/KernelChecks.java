package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The argument checks of {@link Kernels}, one method per kernel, for every engine to call first: a wrong rank, dim or dtype is an
 * {@link IllegalArgumentException} naming both sides. They allocate nothing when the arguments fit.
 */
public final class KernelChecks {
    private KernelChecks() {}

    /** {@link Kernels#copy}. */
    public static void copy(Tensor out, Tensor x) {
        size("x", x, out.size());
    }

    /** {@link Kernels#add}. */
    public static void add(Tensor out, Tensor x) {
        size("x", x, out.size());
        dtype("x", x, out.dtype());
    }

    /** {@link Kernels#embedding}. */
    public static void embedding(
            Tensor out, Tensor tokens, Tensor tokenTable, @Nullable Tensor positionTable, int T, int firstPosition) {
        residual("out", out);
        dims("out", out, tokens.size(), out.dim(out.rank() - 1));
        dtype("tokens", tokens, DType.I32);
        rows(tokens, T);
        table("tokenTable", tokenTable, out);
        floating("tokenTable", tokenTable);
        if (positionTable != null) {
            table("positionTable", positionTable, out);
            floating("positionTable", positionTable);
            require(firstPosition >= 0 && firstPosition + T <= positionTable.dim(0), "positionTable", positionTable);
        }
    }

    /** {@link Kernels#embeddingBackward}. */
    public static void embeddingBackward(
            @Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int T) {
        residual("dOut", dOut);
        dims("dOut", dOut, tokens.size(), dOut.dim(dOut.rank() - 1));
        dtype("tokens", tokens, DType.I32);
        rows(tokens, T);
        if (dTokenTable != null) {
            table("dTokenTable", dTokenTable, dOut);
            dtype("dTokenTable", dTokenTable, dOut.dtype());
        }
        if (dPositionTable != null) {
            table("dPositionTable", dPositionTable, dOut);
            dtype("dPositionTable", dPositionTable, dOut.dtype());
            require(T <= dPositionTable.dim(0), "dPositionTable", dPositionTable);
        }
    }

    /** {@link Kernels#linear}. */
    public static void linear(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        matrices("out", out, "x", x, w, layout);
        dtype("w", w, x.dtype());
        computeOrResidual("out", out, x);
        if (bias != null) {
            residualOf("bias", bias, x);
            dims("bias", bias, outputs(w, layout));
        }
        if (residual != null) {
            residualOf("residual", residual, x);
            dims("residual", residual, out.dim(0), out.dim(1));
            dims("out", out, out.dim(0), outputs(w, layout));
        }
    }

    /** {@link Kernels#linearBackwardInput}. */
    public static void linearBackwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        matrices("dOut", dOut, "dX", dX, w, layout);
        dtype("w", w, dOut.dtype());
        computeOrResidual("dX", dX, dOut);
    }

    /** {@link Kernels#linearBackwardWeight}. */
    public static void linearBackwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout) {
        matrices("dOut", dOut, "x", x, dW, layout);
        dtype("dOut", dOut, x.dtype());
        residualOf("dW", dW, x);
        if (dBias != null) {
            residualOf("dBias", dBias, x);
            dims("dBias", dBias, outputs(dW, layout));
        }
    }

    /** {@link Kernels#sumRows}. */
    public static void sumRows(Tensor out, Tensor x) {
        rank("x", x, 2);
        residualOf("out", out, x);
        dims("out", out, x.dim(1));
    }

    /** {@link Kernels#layerNorm} and {@link Kernels#rmsNorm} (without mean and beta). */
    public static void norm(
            Tensor out, @Nullable Tensor mean, Tensor rstd, Tensor x, Tensor gamma, @Nullable Tensor beta) {
        rank("x", x, 2);
        residualOf("x", x, out);
        dims("out", out, x.dim(0), x.dim(1));
        statistics(mean, rstd, x);
        channels("gamma", gamma, x);
        channels("beta", beta, x);
    }

    /** {@link Kernels#layerNormBackward} and {@link Kernels#rmsNormBackward} (without mean and dBeta). */
    public static void normBackward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            @Nullable Tensor mean,
            Tensor rstd) {
        norm(dOut, mean, rstd, x, gamma, dBeta);
        dims("dX", dX, x.dim(0), x.dim(1));
        dtype("dX", dX, x.dtype());
        channels("dGamma", dGamma, x);
    }

    /** {@link Kernels#gelu} and, with dOut for x, {@link Kernels#geluBackward}. */
    public static void elementwise(Tensor out, Tensor x) {
        floating("out", out);
        dtype("x", x, out.dtype());
        size("x", x, out.size());
    }

    /** {@link Kernels#swiglu} and, with gradients in place of values, {@link Kernels#swigluBackward}. */
    public static void swiglu(Tensor out, Tensor gateUp) {
        floating("out", out);
        rank("out", out, 2);
        dtype("gateUp", gateUp, out.dtype());
        dims("gateUp", gateUp, out.dim(0), 2 * out.dim(1));
    }

    /** {@link Kernels#rope}. */
    public static void rope(Tensor qkv, AttentionShape shape, int firstPosition) {
        qkv("qkv", qkv, shape);
        require(firstPosition >= 0, "firstPosition", firstPosition, 0);
        require(shape.headDim() % 2 == 0, "headDim (must be even)", shape.headDim(), shape.headDim() + 1);
    }

    /** {@link Kernels#attention}. */
    public static void attention(
            Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape shape) {
        qkv("qkv", qkv, shape);
        attentionOut("out", out, qkv, shape);
        residualOf("logSumExp", logSumExp, qkv);
        dims("logSumExp", logSumExp, shape.batch(), shape.heads(), shape.time());
        if (firstKeys != null) {
            dtype("firstKeys", firstKeys, DType.I32);
            dims("firstKeys", firstKeys, (long) shape.batch() * shape.time());
        }
    }

    /** {@link Kernels#attentionBackward}. */
    public static void attentionBackward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape shape) {
        attention(out, logSumExp, qkv, firstKeys, shape);
        qkv("dQkv", dQkv, shape);
        dtype("dQkv", dQkv, qkv.dtype());
        attentionOut("dOut", dOut, qkv, shape);
    }

    /** {@link Kernels#attentionCached}. */
    public static void attentionCached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape shape,
            int firstPosition,
            int window) {
        require(window >= 1, "window", window, 1);
        qkv("qkv", qkv, shape);
        attentionOut("out", out, qkv, shape);
        long capacity = keyCache.rank() == 3 ? keyCache.dim(1) : -1;
        cache("keyCache", keyCache, qkv, shape, capacity);
        cache("valueCache", valueCache, qkv, shape, capacity);
        require(
                firstPosition >= 0 && firstPosition + shape.time() <= capacity,
                "firstPosition + time",
                (long) firstPosition + shape.time(),
                capacity);
    }

    /** {@link Kernels#softmaxCrossEntropy}. */
    public static void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes) {
        rank("logits", logits, 2);
        floating("logits", logits);
        residualOf("loss", loss, logits);
        dims("loss", loss, logits.dim(0));
        dtype("targets", targets, DType.I32);
        dims("targets", targets, logits.dim(0));
        require(classes >= 1 && classes <= logits.dim(1), "classes", classes, logits.dim(1));
    }

    /** {@link Kernels#sumOfSquares}. */
    public static void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        require(blockSize >= 1, "blockSize", blockSize, 1);
        dtype("out", out, DType.F64);
        size("out", out, Math.floorDiv(x.size() + blockSize - 1, blockSize));
        floating("x", x);
    }

    /** {@link Kernels#sumOfSquares(Tensor, List, long)}. */
    public static void sumOfSquares(Tensor out, List<Tensor> xs, long blockSize) {
        require(blockSize >= 1, "blockSize", blockSize, 1);
        dtype("out", out, DType.F64);
        size(
                "out",
                out,
                xs.stream()
                        .mapToLong(x -> Math.floorDiv(x.size() + blockSize - 1, blockSize))
                        .sum());
        for (Tensor x : xs) {
            floating("x", x);
            dtype("x", x, xs.get(0).dtype());
        }
    }

    /** {@link Kernels#adamW}. */
    public static void adamW(Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        residual("w", w);
        add(w, m);
        add(w, v);
        add(w, g);
        if (copy != null) {
            copy(copy, w);
            dtype("copy", copy, DType.BF16);
        }
    }

    private static void matrices(String outName, Tensor out, String inName, Tensor in, Tensor w, WeightLayout layout) {
        rank(outName, out, 2);
        rank(inName, in, 2);
        dims(inName, in, out.dim(0), in.dim(1));
        rank("w", w, 2);
        long outputs = out.dim(1) - Math.floorMod(out.dim(1) - outputs(w, layout), Kernels.PADDING);
        boolean outIn = layout == WeightLayout.OUT_IN;
        dims("w", w, outIn ? outputs : in.dim(1), outIn ? in.dim(1) : outputs);
    }

    private static long outputs(Tensor w, WeightLayout layout) {
        return w.dim(layout == WeightLayout.OUT_IN ? 0 : 1);
    }

    private static void table(String name, Tensor table, Tensor rows) {
        rank(name, table, 2);
        dims(name, table, table.dim(0), rows.dim(1));
    }

    private static void statistics(@Nullable Tensor mean, Tensor rstd, Tensor x) {
        dims("rstd", rstd, x.dim(0));
        dtype("rstd", rstd, x.dtype());
        if (mean != null) {
            dims("mean", mean, x.dim(0));
            dtype("mean", mean, x.dtype());
        }
    }

    private static void channels(String name, @Nullable Tensor tensor, Tensor x) {
        if (tensor != null) {
            dims(name, tensor, x.dim(1));
            dtype(name, tensor, x.dtype());
        }
    }

    private static void qkv(String name, Tensor qkv, AttentionShape shape) {
        floating(name, qkv);
        dims(name, qkv, (long) shape.batch() * shape.time(), shape.qkvChannels());
    }

    private static void attentionOut(String name, Tensor out, Tensor qkv, AttentionShape shape) {
        dims(name, out, (long) shape.batch() * shape.time(), shape.channels());
        dtype(name, out, qkv.dtype());
    }

    private static void cache(String name, Tensor cache, Tensor qkv, AttentionShape shape, long capacity) {
        dims(name, cache, shape.batch(), capacity, (long) shape.kvHeads() * shape.headDim());
        dtype(name, cache, qkv.dtype());
    }

    private static void rows(Tensor tokens, int T) {
        require(T >= 1 && tokens.size() % T == 0, "tokens (a multiple of timeSteps)", tokens.size(), T);
    }

    private static void rank(String name, Tensor tensor, int rank) {
        if (tensor.rank() != rank) {
            throw new IllegalArgumentException(name + " is " + tensor + ", expected " + rank + " dims");
        }
    }

    private static void size(String name, Tensor tensor, long size) {
        if (tensor.size() != size) {
            throw new IllegalArgumentException(name + " is " + tensor + ", expected " + size + " elements");
        }
    }

    private static void dims(String name, Tensor tensor, long d0) {
        if (tensor.rank() != 1 || tensor.dim(0) != d0) {
            throw new IllegalArgumentException(name + " is " + tensor + ", expected [" + d0 + "]");
        }
    }

    private static void dims(String name, Tensor tensor, long d0, long d1) {
        if (tensor.rank() != 2 || tensor.dim(0) != d0 || tensor.dim(1) != d1) {
            throw new IllegalArgumentException(name + " is " + tensor + ", expected [" + d0 + ", " + d1 + "]");
        }
    }

    private static void dims(String name, Tensor tensor, long d0, long d1, long d2) {
        if (tensor.rank() != 3 || tensor.dim(0) != d0 || tensor.dim(1) != d1 || tensor.dim(2) != d2) {
            throw new IllegalArgumentException(
                    name + " is " + tensor + ", expected [" + d0 + ", " + d1 + ", " + d2 + "]");
        }
    }

    private static void dtype(String name, Tensor tensor, DType expected) {
        if (tensor.dtype() != expected) {
            throw new IllegalArgumentException(name + " is " + tensor + ", expected dtype " + expected);
        }
    }

    private static void floating(String name, Tensor tensor) {
        require(tensor.dtype() != DType.I32, name, tensor);
    }

    private static void residual(String name, Tensor tensor) {
        require(tensor.dtype() == DType.F32 || tensor.dtype() == DType.F64, name, tensor);
    }

    private static void residualOf(String name, Tensor tensor, Tensor compute) {
        floating("input", compute);
        dtype(name, tensor, compute.dtype() == DType.F64 ? DType.F64 : DType.F32);
    }

    private static void computeOrResidual(String name, Tensor tensor, Tensor compute) {
        if (tensor.dtype() != compute.dtype()) {
            residualOf(name, tensor, compute);
        }
    }

    private static void require(boolean fits, String name, Tensor tensor) {
        if (!fits) {
            throw new IllegalArgumentException(name + " is " + tensor + ": its dtype or length does not fit here");
        }
    }

    private static void require(boolean fits, String name, long actual, long expected) {
        if (!fits) {
            throw new IllegalArgumentException(name + " is " + actual + ", expected " + expected);
        }
    }
}
