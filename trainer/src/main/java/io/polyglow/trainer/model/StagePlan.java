package io.polyglow.trainer.model;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/**
 * What one of {@code stages} pipeline stages computes: layers {@code [firstLayer, endLayer)}, before them the embedding on the first stage, after
 * them the head on the last.
 */
public record StagePlan(int stage, int stages, int firstLayer, int endLayer) {
    /** The whole model. */
    public static StagePlan whole(ModelConfig config) {
        return of(config, 0, 1);
    }

    /**
     * Cuts the layers so that the slowest stage is as fast as possible, the head counted by its multiplications; layers that do not divide go to
     * later stages, which hold fewer micro-batches in flight.
     */
    public static StagePlan of(ModelConfig config, int stage, int stages) {
        int layers = config.layers();
        if (stages > layers) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "layout.pipeline = " + stages + " stages need as many layers, but model.layers = " + layers
                            + "; choose layout.pipeline <= " + layers);
        }
        int last = layersOfLastStage(config, stages);
        int first = stage == stages - 1 ? layers - last : share(layers - last, stage, stages - 1);
        int end = stage == stages - 1 ? layers : share(layers - last, stage + 1, stages - 1);
        return new StagePlan(stage, stages, first, end);
    }

    private static int layersOfLastStage(ModelConfig config, int stages) {
        int layers = config.layers();
        if (stages == 1) {
            return layers;
        }
        int best = 1;
        double bestCost = Double.POSITIVE_INFINITY;
        for (int last = 1; last <= layers - stages + 1; last++) {
            int others = (layers - last + stages - 2) / (stages - 1);
            double cost = Math.max(others * layerCost(config), last * layerCost(config) + headCost(config));
            if (cost <= bestCost) {
                best = last;
                bestCost = cost;
            }
        }
        return best;
    }

    private static int share(int layers, int stage, int stages) {
        return (int) ((long) layers * stage / stages);
    }

    /** Multiplications per token, up to a common factor. */
    private static double layerCost(ModelConfig config) {
        double C = config.channels();
        double projections = C * (2 * C + 2.0 * config.kvHeads() * config.headDim());
        double mlp = C * config.hidden() * (config.activation() == ModelConfig.Activation.SWIGLU ? 3 : 2);
        return projections + mlp + C * config.context();
    }

    private static double headCost(ModelConfig config) {
        return (double) config.channels() * config.vocabSize();
    }

    /** Whether this stage embeds tokens. */
    public boolean embedding() {
        return stage == 0;
    }

    /** Whether this stage computes the loss. */
    public boolean head() {
        return stage == stages - 1;
    }

    /** Number of layers. */
    public int layers() {
        return endLayer - firstLayer;
    }
}
