package io.polyglow.benchmarks;

import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.model.LogitChunks;
import io.polyglow.trainer.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * A linear layer as training steps compute it.
 *
 * @param rows that it takes at once
 * @param in inputs
 * @param out outputs
 * @param columns of the rows of outputs, padding included
 * @param bias whether the outputs have one
 * @param sumsBias whether the gradient of the bias comes with the weight's; before GELU it comes with GELU's
 * @param ontoStream whether the outputs are added to the residual stream
 * @param count how often a micro-batch passes through such a layer
 */
public record LinearLayer(
        String name,
        long rows,
        int in,
        int out,
        int columns,
        WeightLayout layout,
        boolean bias,
        boolean sumsBias,
        boolean ontoStream,
        int count) {
    private static final String UP = "up";

    /** All linear layers of a micro-batch: those of the blocks, then the head by the chunks of its rows, largest first. */
    public static List<LinearLayer> of(TrainPlan plan) {
        ModelConfig shape = plan.shape();
        long rows = (long) plan.micro() * plan.context();
        int C = shape.channels();
        int up = shape.activation() == ModelConfig.Activation.SWIGLU ? 2 * shape.hidden() : shape.hidden();
        List<LinearLayer> layers = new ArrayList<>();
        layers.add(inBlocks("qkv", shape, rows, C, shape.attentionShape(1, 1).qkvChannels(), false));
        layers.add(inBlocks("attention out", shape, rows, C, C, true));
        layers.add(inBlocks(UP, shape, rows, C, up, false));
        layers.add(inBlocks("down", shape, rows, shape.hidden(), C, true));
        LogitChunks chunks = LogitChunks.of(shape, rows);
        long rest = chunks.rowsOf(chunks.count() - 1);
        boolean even = rest == chunks.chunkRows();
        layers.add(head("head", shape, chunks, chunks.chunkRows(), even ? chunks.count() : chunks.count() - 1));
        if (!even) {
            layers.add(head("head rest", shape, chunks, rest, 1));
        }
        return List.copyOf(layers);
    }

    private static LinearLayer inBlocks(
            String name, ModelConfig shape, long rows, int in, int out, boolean ontoStream) {
        boolean beforeGelu = name.equals(UP) && shape.activation() == ModelConfig.Activation.GELU;
        return new LinearLayer(
                name,
                rows,
                in,
                out,
                out,
                shape.weightLayout(),
                shape.bias(),
                shape.bias() && !beforeGelu,
                ontoStream,
                shape.layers());
    }

    private static LinearLayer head(String name, ModelConfig shape, LogitChunks chunks, long rows, int count) {
        return new LinearLayer(
                name,
                rows,
                shape.channels(),
                shape.vocabSize(),
                chunks.columns(),
                WeightLayout.OUT_IN,
                false,
                false,
                false,
                count);
    }

    /** Dims of its weight. */
    public long[] weightDims() {
        return layout == WeightLayout.OUT_IN ? new long[] {out, in} : new long[] {in, out};
    }

    /** Multiplications and additions of one product of it. */
    public double flops() {
        return 2.0 * rows * in * out;
    }
}
