package io.polyglow.benchmarks.libtorch;

import io.polyglow.benchmarks.PeerModel;
import io.polyglow.benchmarks.TrainPlan;
import io.polyglow.benchmarks.Weights;
import io.polyglow.trainer.config.TrainConfig.DTypeChoice;
import io.polyglow.trainer.config.TrainConfig.Optimizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamW;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.DeviceType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * GPT-2 or Llama in libtorch: fused attention; in bf16, autocast over f32 weights with its cache of converted weights; {@code torch::optim::AdamW}, the only
 * one that the C++ API has.
 */
final class LibtorchModel implements PeerModel {
    private static final String VERSION = "2.10.0";
    private static final long NO_TARGET = -1;
    private static final long MEAN = 1;

    private final boolean bf16;
    private final double clipNorm;
    private final Parameters parameters;
    private final Network network;
    private final TensorVector all = new TensorVector();
    private final List<AdamW> optimizers;

    LibtorchModel(TrainPlan plan, Weights weights) {
        bf16 = plan.config().dtype() == DTypeChoice.BF16;
        torch.set_num_threads(plan.threads());
        Optimizer settings = plan.config().optimizer();
        clipNorm = settings.clipNorm();
        parameters = new Parameters(weights);
        network = plan.shape().gpt2Names()
                ? new Gpt2(plan.shape(), parameters)
                : new Llama(plan.shape(), parameters, plan.context());
        TensorVector matrices = new TensorVector();
        TensorVector vectors = new TensorVector();
        for (Parameters.Trained parameter : parameters.all()) {
            Tensor tensor = parameter.tensor();
            all.push_back(tensor);
            (tensor.dim() > 1 ? matrices : vectors).push_back(tensor);
        }
        // weight decay applies to matrices only
        optimizers = List.of(
                new AdamW(matrices, options(settings, settings.weightDecay())),
                new AdamW(vectors, options(settings, 0)));
    }

    private static AdamWOptions options(Optimizer settings, double weightDecay) {
        AdamWOptions options = new AdamWOptions(settings.learningRate());
        // a std::tuple<double, double>, which libstdc++ keeps with its last element first
        options.betas().put(0, settings.beta2()).put(1, settings.beta1());
        options.eps().put(settings.epsilon());
        options.weight_decay().put(weightDecay);
        return options;
    }

    @Override
    public String describe() {
        return "libtorch " + VERSION + ", CPU, " + torch.get_num_threads() + " threads, "
                + (bf16 ? "bf16 autocast" : "f32");
    }

    @Override
    public String dtype() {
        return bf16 ? "bf16" : "f32";
    }

    @Override
    @SuppressWarnings("try") // scopes work by being open
    public double loss(int[][] samples) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard guard = new NoGradGuard()) {
            return forward(samples).item_double();
        }
    }

    @Override
    @SuppressWarnings("try")
    public double step(int[][][] microBatches, double learningRate) {
        try (PointerScope scope = new PointerScope()) {
            double total = 0;
            for (int[][] samples : microBatches) {
                Tensor loss = forward(samples);
                loss.mul(new Scalar(1.0 / microBatches.length)).backward();
                total += loss.item_double();
            }
            if (clipNorm > 0) {
                torch.clip_grad_norm_(all, clipNorm);
            }
            for (AdamW optimizer : optimizers) {
                optimizer.param_groups().get(0).options().set_lr(learningRate);
                optimizer.step();
                optimizer.zero_grad();
            }
            return total / microBatches.length;
        }
    }

    @Override
    @SuppressWarnings("try")
    public Map<String, float[]> gradients(int[][] samples) {
        try (PointerScope scope = new PointerScope()) {
            forward(samples).backward();
            Map<String, float[]> gradients = new LinkedHashMap<>();
            parameters.all().forEach(parameter -> gradients.put(parameter.name(), parameter.gradient()));
            optimizers.forEach(AdamW::zero_grad);
            return gradients;
        }
    }

    private Tensor forward(int[][] samples) {
        Tensor inputs = Parameters.ids(samples, 0);
        Tensor targets = Parameters.ids(samples, 1).reshape(-1);
        if (!bf16) {
            return loss(network.logits(inputs), targets);
        }
        torch.set_autocast_dtype(DeviceType.CPU, ScalarType.BFloat16);
        torch.set_autocast_enabled(DeviceType.CPU, true);
        torch.increment_nesting();
        try {
            return loss(network.logits(inputs), targets);
        } finally {
            torch.decrement_nesting();
            torch.clear_cache();
            torch.set_autocast_enabled(DeviceType.CPU, false);
        }
    }

    private static Tensor loss(Tensor logits, Tensor targets) {
        return torch.cross_entropy_loss(
                logits.reshape(-1, logits.size(-1)), targets, new TensorOptional(), MEAN, NO_TARGET, 0);
    }

    @Override
    public void close() {
        optimizers.forEach(AdamW::close);
        all.close();
    }
}
