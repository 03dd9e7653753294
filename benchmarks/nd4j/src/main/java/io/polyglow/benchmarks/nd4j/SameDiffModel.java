package io.polyglow.benchmarks.nd4j;

import io.polyglow.benchmarks.PeerModel;
import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.benchmarks.Weights;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.config.TrainConfig.Optimizer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.api.OutAndGrad;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * GPT-2 in SameDiff on the CPU: gradients by the graph, embedding, clipping and AdamW around it. In f32 whatever the plan says, because the library adds bf16
 * numbers up in bf16, and takes 50 times as long.
 */
final class SameDiffModel implements PeerModel {
    private static final String VERSION = "1.0.0-M2.1";

    private final Optimizer settings;
    private final int context;
    private final SameDiff graph;
    private final List<String> parameters;
    private final Map<String, AdamW> optimizers = new LinkedHashMap<>();

    SameDiffModel(TrainPlan plan, Weights weights) {
        if (!plan.shape().gpt2Names()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "the peer nd4j computes GPT-2 models only, not " + plan.model()
                            + ": this library has neither rotary positions nor grouped queries");
        }
        settings = plan.config().optimizer();
        context = plan.context();
        Gpt2Graph gpt2 = new Gpt2Graph(plan.shape(), weights, plan.micro(), context);
        graph = gpt2.graph();
        parameters = gpt2.parameters();
        parameters.forEach(
                name -> optimizers.put(name, new AdamW(graph.getVariable(name).getArr(), settings)));
    }

    @Override
    public String describe() {
        return "ND4J " + VERSION + " SameDiff, CPU, nd4j-native linux-x86_64"
                + NativeLibrary.chosen() + ", "
                + Nd4j.getEnvironment().maxThreads() + " threads, f32";
    }

    @Override
    public String dtype() {
        return "f32";
    }

    @Override
    public double loss(int[][] samples) {
        embed(samples);
        Map<String, INDArray> outputs = graph.output(Map.of(Gpt2Graph.TARGETS, targets(samples)), Gpt2Graph.LOSS);
        return of(outputs, Gpt2Graph.LOSS).getDouble(0) / (samples.length * context);
    }

    @Override
    public double step(int[][][] microBatches, double learningRate) {
        Map<String, INDArray> gradients = new LinkedHashMap<>();
        double total = 0;
        for (int[][] samples : microBatches) {
            total += accumulate(samples, gradients);
        }
        double targets = (double) microBatches.length * microBatches[0].length * context;
        double scale = scale(gradients, targets);
        for (String name : parameters) {
            INDArray gradient = of(gradients, name).muli(scale);
            of(optimizers, name).update(gradient, learningRate);
            gradient.close();
        }
        // what the graph leaves behind is freed with the objects that hold it, and a heap of small objects is hardly
        // ever collected
        Nd4j.getMemoryManager().invokeGc();
        return total / targets;
    }

    @Override
    public Map<String, float[]> gradients(int[][] samples) {
        Map<String, INDArray> sums = new LinkedHashMap<>();
        accumulate(samples, sums);
        double targets = (double) samples.length * context;
        Map<String, float[]> means = new LinkedHashMap<>();
        for (String name : parameters) {
            means.put(name, of(sums, name).divi(targets).dup('c').data().asFloat());
        }
        return means;
    }

    /** Adds the gradients of the sum of these samples' losses, and returns that sum. */
    private double accumulate(int[][] samples, Map<String, INDArray> gradients) {
        embed(samples);
        List<String> wanted = new ArrayList<>(parameters);
        wanted.add(Gpt2Graph.EMBEDDED);
        OutAndGrad result = graph.calculateGradientsAndOutputs(
                Map.of(Gpt2Graph.TARGETS, targets(samples)), List.of(Gpt2Graph.LOSS), wanted);
        Map<String, INDArray> parts = result.getGradients();
        INDArray embedded = of(parts, Gpt2Graph.EMBEDDED);
        scatter(embedded, samples, of(parts, Gpt2Graph.TOKENS));
        embedded.close();
        for (String name : parameters) {
            gradients.merge(name, of(parts, name), SameDiffModel::add);
        }
        return of(result.getOutputs(), Gpt2Graph.LOSS).getDouble(0);
    }

    private static INDArray add(INDArray sum, INDArray part) {
        sum.addi(part);
        part.close();
        return sum;
    }

    /** From sums to means, clipped to the global norm. */
    private double scale(Map<String, INDArray> gradients, double targets) {
        double squares = 0;
        for (String name : parameters) {
            double norm = of(gradients, name).norm2Number().doubleValue();
            squares += norm * norm;
        }
        double norm = Math.sqrt(squares) / targets;
        double clip = settings.clipNorm();
        return (clip > 0 && norm > clip ? clip / norm : 1) / targets;
    }

    private void embed(int[][] samples) {
        int[] ids = PeerModel.column(samples, 0);
        INDArray table = graph.getVariable(Gpt2Graph.TOKENS).getArr();
        INDArray rows = Nd4j.pullRows(table, 1, ids);
        graph.getVariable(Gpt2Graph.EMBEDDED).getArr().assign(rows);
        rows.close();
    }

    /** Adds each row of a gradient to that of its token. */
    private static void scatter(INDArray rows, int[][] samples, INDArray table) {
        int[] ids = PeerModel.column(samples, 0);
        for (int row = 0; row < ids.length; row++) {
            table.getRow(ids[row]).addi(rows.getRow(row));
        }
    }

    private static <T> T of(Map<String, T> all, String name) {
        return Objects.requireNonNull(all.get(name), name);
    }

    private static INDArray targets(int[][] samples) {
        return Nd4j.createFromArray(PeerModel.column(samples, 1));
    }

    @Override
    public void close() {
        optimizers.values().forEach(AdamW::close);
    }
}
