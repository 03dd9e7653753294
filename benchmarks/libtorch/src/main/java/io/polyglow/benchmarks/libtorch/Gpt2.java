package io.polyglow.benchmarks.libtorch;

import io.polyglow.trainer.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** GPT-2 (Radford et al. 2019): LayerNorm before each part, learned positions, GELU by tanh, head tied to the embedding. */
final class Gpt2 implements Network {
    private final Tensor tokens;
    private final Tensor positions;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm last;

    Gpt2(ModelConfig shape, Parameters parameters) {
        tokens = parameters.get("transformer.wte.weight");
        positions = parameters.get("transformer.wpe.weight");
        for (int layer = 0; layer < shape.layers(); layer++) {
            blocks.add(new Block(shape, parameters, "transformer.h." + layer + "."));
        }
        last = new Norm(parameters, "transformer.ln_f", shape.normEpsilon());
    }

    @Override
    public Tensor logits(Tensor ids) {
        Tensor x = torch.embedding(tokens, ids).add(positions.narrow(0, 0, ids.size(1)));
        for (Block block : blocks) {
            x = block.forward(x);
        }
        return torch.linear(last.forward(x), tokens);
    }

    private static final class Block {
        private final int heads;
        private final Norm norm1;
        private final Linear qkv;
        private final Linear out;
        private final Norm norm2;
        private final Linear up;
        private final Linear down;

        Block(ModelConfig shape, Parameters parameters, String at) {
            heads = shape.heads();
            norm1 = new Norm(parameters, at + "ln_1", shape.normEpsilon());
            qkv = new Linear(parameters, at + "attn.c_attn");
            out = new Linear(parameters, at + "attn.c_proj");
            norm2 = new Norm(parameters, at + "ln_2", shape.normEpsilon());
            up = new Linear(parameters, at + "mlp.c_fc");
            down = new Linear(parameters, at + "mlp.c_proj");
        }

        Tensor forward(Tensor x) {
            TensorVector parts = qkv.forward(norm1.forward(x)).split(x.size(2), 2);
            Tensor y = Network.attention(
                    Network.heads(parts.get(0), heads),
                    Network.heads(parts.get(1), heads),
                    Network.heads(parts.get(2), heads));
            Tensor middle = x.add(out.forward(y));
            return middle.add(down.forward(torch.gelu(up.forward(norm2.forward(middle)), "tanh")));
        }
    }

    private static final class Norm {
        private final TensorOptional gain;
        private final TensorOptional bias;
        private final long[] dims;
        private final double epsilon;

        Norm(Parameters parameters, String name, double epsilon) {
            Tensor weight = parameters.get(name + ".weight");
            this.gain = new TensorOptional(weight);
            this.bias = new TensorOptional(parameters.get(name + ".bias"));
            this.dims = new long[] {weight.size(0)};
            this.epsilon = epsilon;
        }

        Tensor forward(Tensor x) {
            return torch.layer_norm(x, dims, gain, bias, epsilon, true);
        }
    }

    private static final class Linear {
        private final Tensor weight;
        private final TensorOptional bias;

        Linear(Parameters parameters, String name) {
            weight = parameters.transposed(name + ".weight");
            bias = new TensorOptional(parameters.get(name + ".bias"));
        }

        Tensor forward(Tensor x) {
            return torch.linear(x, weight, bias);
        }
    }
}
