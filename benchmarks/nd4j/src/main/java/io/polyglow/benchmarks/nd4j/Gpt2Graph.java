package io.polyglow.benchmarks.nd4j;

import io.polyglow.benchmarks.Weights;
import io.polyglow.trainer.model.ModelConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * GPT-2 as a SameDiff graph for {@code B} sequences of {@code T} tokens, from embedded tokens to the sum of the losses.
 *
 * <p>What this library computes wrongly is not used: the gradient of {@code gather} (so tokens are embedded outside of the graph, and {@link #EMBEDDED} is a
 * variable), the mean of {@code sparseSoftmaxCrossEntropy} (so the loss is a sum), {@code preciseGelu} and the LayerNorm without epsilon (so both are
 * composed).
 */
final class Gpt2Graph {
    /** The variable that holds the embedded tokens, {@code [B * T, C]}. */
    static final String EMBEDDED = "embedded";

    /** The placeholder of the targets, {@code [B * T]}. */
    static final String TARGETS = "targets";

    /** The sum of the losses of all targets, in nats. */
    static final String LOSS = "loss";

    /** The table of token embeddings, {@code [V, C]}, which is also the head. */
    static final String TOKENS = "transformer.wte.weight";

    private static final double MASKED = -1e9;

    private final SameDiff graph = SameDiff.create();
    private final List<String> parameters = new ArrayList<>();
    private final ModelConfig shape;
    private final Weights weights;
    private final int batch;
    private final int context;

    Gpt2Graph(ModelConfig shape, Weights weights, int batch, int context) {
        this.shape = shape;
        this.weights = weights;
        this.batch = batch;
        this.context = context;
        build();
    }

    SameDiff graph() {
        return graph;
    }

    /** Names of all that is trained. */
    List<String> parameters() {
        return Collections.unmodifiableList(parameters);
    }

    private void build() {
        int rows = batch * context;
        SDVariable embedded = graph.var(EMBEDDED, Nd4j.zeros(DataType.FLOAT, rows, shape.channels()));
        SDVariable positions = parameter("transformer.wpe.weight");
        SDVariable x = flat(graph.reshape(embedded, batch, context, shape.channels())
                .add(graph.reshape(positions, 1, context, shape.channels())));
        SDVariable mask = graph.constant("mask", mask());
        for (int layer = 0; layer < shape.layers(); layer++) {
            x = block(x, mask, "transformer.h." + layer + ".");
        }
        SDVariable logits = graph.mmul(norm(x, "transformer.ln_f"), parameter(TOKENS), false, true, false);
        SDVariable targets = graph.placeHolder(TARGETS, DataType.INT32, rows);
        SDVariable loss = graph.loss.sparseSoftmaxCrossEntropy(logits, targets).sum(LOSS);
        graph.setLossVariables(loss);
    }

    private SDVariable block(SDVariable x, SDVariable mask, String at) {
        SDVariable middle = x.add(linear(attention(norm(x, at + "ln_1"), mask, at), at + "attn.c_proj"));
        SDVariable hidden = gelu(linear(norm(middle, at + "ln_2"), at + "mlp.c_fc"));
        return middle.add(linear(hidden, at + "mlp.c_proj"));
    }

    private SDVariable attention(SDVariable x, SDVariable mask, String at) {
        SDVariable qkv = linear(x, at + "attn.c_attn");
        double scale = 1 / Math.sqrt((double) shape.channels() / shape.heads());
        SDVariable scores = graph.mmul(heads(qkv, 0).mul(scale), heads(qkv, 1), false, true, false)
                .add(mask);
        SDVariable mixed = graph.mmul(graph.nn.softmax(scores, -1), heads(qkv, 2));
        return flat(graph.permute(mixed, 0, 2, 1, 3));
    }

    /** One of the three parts of {@code [B * T, 3 * C]} as {@code [B, heads, T, C / heads]}. */
    private SDVariable heads(SDVariable qkv, int part) {
        int channels = shape.channels();
        SDVariable one = graph.slice(qkv, new int[] {0, part * channels}, batch * context, channels);
        return graph.permute(graph.reshape(one, batch, context, shape.heads(), channels / shape.heads()), 0, 2, 1, 3);
    }

    private SDVariable flat(SDVariable x) {
        return graph.reshape(x, (long) batch * context, shape.channels());
    }

    private SDVariable norm(SDVariable x, String name) {
        SDVariable centered = x.sub(x.mean(true, 1));
        SDVariable variance = graph.math.square(centered).mean(true, 1);
        SDVariable normed = centered.mul(graph.math.rsqrt(variance.add(shape.normEpsilon())));
        return normed.mul(row(name + ".weight")).add(row(name + ".bias"));
    }

    private SDVariable linear(SDVariable x, String name) {
        return graph.mmul(x, parameter(name + ".weight")).add(row(name + ".bias"));
    }

    /** By tanh, as GPT-2 has it. */
    private SDVariable gelu(SDVariable x) {
        SDVariable cube = graph.math.cube(x).mul(0.044715);
        SDVariable inner = x.add(cube).mul(Math.sqrt(2 / Math.PI));
        return graph.math.tanh(inner).add(1).mul(x).mul(0.5);
    }

    private SDVariable row(String name) {
        SDVariable vector = parameter(name);
        return graph.reshape(vector, 1, vector.getArr().length());
    }

    private SDVariable parameter(String name) {
        Weights.Tensor stored = weights.get(name);
        INDArray values = Nd4j.createUninitialized(DataType.FLOAT, stored.shape(), 'c');
        stored.read(values.data().asNio());
        parameters.add(name);
        return graph.var(name, values);
    }

    private INDArray mask() {
        INDArray mask = Nd4j.zeros(DataType.FLOAT, 1, 1, context, context);
        for (int query = 0; query < context; query++) {
            for (int key = query + 1; key < context; key++) {
                mask.putScalar(new int[] {0, 0, query, key}, MASKED);
            }
        }
        return mask;
    }
}
