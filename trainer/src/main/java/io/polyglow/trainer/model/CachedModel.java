package io.polyglow.trainer.model;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A whole model that continues B sequences side by side, with the keys and values of earlier positions kept in a cache. All sequences stand at the same
 * position. Positions may be fed in any split; feeding from an earlier position forgets what came after it. Used from one thread.
 */
public final class CachedModel implements AutoCloseable {
    /** Rows of one pass, so that long prompts and large batches need bounded memory. */
    private static final int MAX_ROWS = 1024;

    private static final String CACHE = "cache";

    private final Engine engine;
    private final Kernels kernels;
    private final ModelConfig config;
    private final Precision precision;
    private final int B;
    private final int maxTime;
    private final Workspace workspace;
    private final Embedding embedding;
    private final Block[] blocks;
    private final Head head;
    private final Tensor[] keys;
    private final Tensor[] values;
    private final Output output;
    private final Map<Integer, Pass> passes = new HashMap<>();
    private final UnsafeBuffer idBytes;
    private final UnsafeBuffer logitBytes;

    /** {@code parameters} are those of the whole model, with fresh compute copies; they stay the caller's. */
    public CachedModel(Engine engine, ModelConfig config, ParameterSet parameters, int sequences) {
        this.engine = engine;
        this.kernels = engine.kernels();
        this.config = config;
        this.precision = parameters.precision();
        B = sequences;
        maxTime = Math.max(1, Math.min(config.context(), MAX_ROWS / B));
        embedding = new Embedding(kernels, parameters);
        head = new Head(kernels, config, parameters);
        blocks = new Block[config.layers()];
        keys = new Tensor[blocks.length];
        values = new Tensor[blocks.length];
        Workspace measure = Workspace.measuring();
        reserve(measure);
        workspace = Workspace.allocating(engine, measure.plan());
        output = reserve(workspace);
        for (int layer = 0; layer < blocks.length; layer++) {
            blocks[layer] = new Block(kernels, config, parameters, layer);
        }
        idBytes = new UnsafeBuffer(new byte[B * maxTime * DType.I32.bytes()]);
        logitBytes = new UnsafeBuffer(new byte[Math.toIntExact(output.logits.bytes())]);
    }

    private Output reserve(Workspace w) {
        long width = (long) config.kvHeads() * config.headDim();
        for (int layer = 0; layer < keys.length; layer++) {
            keys[layer] = w.tensor(CACHE, precision.compute(), B, config.context(), width);
            values[layer] = w.tensor(CACHE, precision.compute(), B, config.context(), width);
        }
        new Pass(w, config, precision, B, maxTime);
        return new Output(w, config, precision, B);
    }

    /** The memory of a pass over {@code time} positions; all passes share it, and all blocks of a pass. */
    private static final class Pass {
        final Tensor tokens;
        final Activations.OfBlock block;

        Pass(Workspace w, ModelConfig config, Precision precision, int B, int time) {
            long N = (long) B * time;
            tokens = w.tensor(Activations.PURPOSE, DType.I32, N);
            Tensor stream = w.tensor(Activations.PURPOSE, precision.residual(), N, config.channels());
            block = new Activations.OfBlock(
                    w,
                    config,
                    precision,
                    stream,
                    config.attentionShape(B, time),
                    new Activations.Shared(Recompute.NONE));
        }
    }

    /** From the last position of each sequence to its logits. */
    private static final class Output {
        final Tensor stream;
        final Tensor normed;
        final Tensor mean;
        final Tensor rstd;
        final Tensor logits;

        Output(Workspace w, ModelConfig config, Precision precision, int B) {
            DType residual = precision.residual();
            stream = w.tensor(Scratch.PURPOSE, residual, B, config.channels());
            normed = w.tensor(Scratch.PURPOSE, precision.compute(), B, config.channels());
            mean = w.tensor(Scratch.PURPOSE, residual, B);
            rstd = w.tensor(Scratch.PURPOSE, residual, B);
            logits = w.tensor(Scratch.PURPOSE, residual, B, config.vocabSize());
        }
    }

    /** Number of sequences. */
    public int sequences() {
        return B;
    }

    /** Positions that fit. */
    public int context() {
        return config.context();
    }

    /** Size of a row of logits. */
    public int vocabSize() {
        return config.vocabSize();
    }

    /** Feeds {@code time} tokens of each sequence, {@code tokens[B * time]} sequence by sequence, at positions {@code firstPosition ...}. */
    public void feed(int[] tokens, int time, int firstPosition) {
        if (tokens.length != B * time || firstPosition + time > config.context()) {
            throw new IllegalArgumentException(tokens.length + " tokens at position " + firstPosition + " for " + B
                    + " sequences of at most " + config.context());
        }
        for (int done = 0; done < time; done += maxTime) {
            int part = Math.min(maxTime, time - done);
            pass(tokens, time, done, part, firstPosition + done);
        }
    }

    private void pass(int[] tokens, int time, int done, int part, int position) {
        for (int b = 0; b < B; b++) {
            for (int t = 0; t < part; t++) {
                idBytes.putInt(
                        (b * part + t) * DType.I32.bytes(), tokens[b * time + done + t], ByteOrder.LITTLE_ENDIAN);
            }
        }
        Pass pass = passes.computeIfAbsent(part, this::newPass);
        Activations.OfBlock a = pass.block;
        engine.write(pass.tokens, idBytes, 0);
        embedding.forward(a.input, pass.tokens, part, position);
        for (int layer = 0; layer < blocks.length; layer++) {
            blocks[layer].forwardCached(a, keys[layer], values[layer], position);
            kernels.copy(a.input, a.output);
        }
        for (int b = 0; b < B; b++) {
            kernels.copy(output.stream.rows(b, 1), a.output.rows((long) (b + 1) * part - 1, 1));
        }
    }

    private Pass newPass(int time) {
        workspace.rewind(Activations.PURPOSE);
        return new Pass(workspace, config, precision, B, time);
    }

    /** Logits of the token after the last one fed, {@code out[B * V]} sequence by sequence. */
    public void logits(double[] out) {
        head.predict(output.logits, output.stream, output.normed, output.mean, output.rstd);
        engine.read(output.logits, logitBytes, 0);
        boolean wide = precision.residual() == DType.F64;
        for (int i = 0; i < out.length; i++) {
            out[i] = wide
                    ? logitBytes.getDouble(i * DType.F64.bytes(), ByteOrder.LITTLE_ENDIAN)
                    : logitBytes.getFloat(i * DType.F32.bytes(), ByteOrder.LITTLE_ENDIAN);
        }
    }

    @Override
    public void close() {
        workspace.close();
    }
}
