package io.polyglow.benchmarks.nd4j;

import io.polyglow.trainer.config.TrainConfig.Optimizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.Adam;

/** ND4J's Adam with decoupled weight decay (Loshchilov and Hutter 2019) for one parameter; vectors do not decay. */
final class AdamW implements AutoCloseable {
    private final INDArray parameter;
    private final INDArray state;
    private final Adam config;
    private final GradientUpdater<?> adam;
    private final double weightDecay;
    private int steps;

    AdamW(INDArray parameter, Optimizer settings) {
        this.parameter = parameter;
        this.weightDecay = parameter.rank() > 1 ? settings.weightDecay() : 0;
        this.state = Nd4j.zeros(parameter.dataType(), 1, 2 * parameter.length());
        this.config = new Adam(settings.learningRate(), settings.beta1(), settings.beta2(), settings.epsilon());
        this.adam = config.instantiate(state, true);
    }

    /** Consumes the gradient. */
    void update(INDArray gradient, double learningRate) {
        config.setLearningRate(learningRate);
        INDArray flat = gradient.reshape('c', 1, gradient.length());
        adam.applyUpdater(flat, steps, 0);
        steps++;
        parameter.muli(1 - learningRate * weightDecay).subi(flat.reshape('c', parameter.shape()));
    }

    @Override
    public void close() {
        state.close();
    }
}
