package io.polyglow.benchmarks.libtorch;

import io.polyglow.trainer.model.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Llama (Touvron et al. 2023): RMSNorm, rotary positions by halves, SwiGLU, grouped queries, no biases, head tied to the embedding. */
final class Llama implements Network {
    private final Tensor tokens;
    private final Tensor cos;
    private final Tensor sin;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm last;

    Llama(ModelConfig shape, Parameters parameters, int context) {
        int half = shape.channels() / shape.heads() / 2;
        float[] cosines = new float[context * half];
        float[] sines = new float[context * half];
        for (int i = 0; i < cosines.length; i++) {
            int position = i / half;
            double angle = position * Math.pow(shape.ropeTheta(), -(double) (i % half) / half);
            cosines[i] = (float) Math.cos(angle);
            sines[i] = (float) Math.sin(angle);
        }
        cos = torch.tensor(cosines).reshape(context, half);
        sin = torch.tensor(sines).reshape(context, half);
        tokens = parameters.get("model.embed_tokens.weight");
        for (int layer = 0; layer < shape.layers(); layer++) {
            blocks.add(new Block(shape, parameters, "model.layers." + layer + "."));
        }
        last = new Norm(parameters, "model.norm.weight", shape.normEpsilon());
    }

    @Override
    public Tensor logits(Tensor ids) {
        Tensor x = torch.embedding(tokens, ids);
        for (Block block : blocks) {
            x = block.forward(x);
        }
        return torch.linear(last.forward(x), tokens);
    }

    /** Turns the pairs (i, i + half) of each head. */
    private Tensor rotate(Tensor x) {
        Tensor c = cos.narrow(0, 0, x.size(2));
        Tensor s = sin.narrow(0, 0, x.size(2));
        TensorVector halves = x.chunk(2, -1);
        Tensor first = halves.get(0);
        Tensor second = halves.get(1);
        TensorVector turned =
                new TensorVector(first.mul(c).sub(second.mul(s)), second.mul(c).add(first.mul(s)));
        return torch.cat(turned, -1).to(x.scalar_type());
    }

    private final class Block {
        private final int heads;
        private final int kvHeads;
        private final Norm norm1;
        private final Tensor q;
        private final Tensor k;
        private final Tensor v;
        private final Tensor out;
        private final Norm norm2;
        private final Tensor gate;
        private final Tensor up;
        private final Tensor down;

        Block(ModelConfig shape, Parameters parameters, String at) {
            heads = shape.heads();
            kvHeads = shape.kvHeads();
            norm1 = new Norm(parameters, at + "input_layernorm.weight", shape.normEpsilon());
            q = parameters.get(at + "self_attn.q_proj.weight");
            k = parameters.get(at + "self_attn.k_proj.weight");
            v = parameters.get(at + "self_attn.v_proj.weight");
            out = parameters.get(at + "self_attn.o_proj.weight");
            norm2 = new Norm(parameters, at + "post_attention_layernorm.weight", shape.normEpsilon());
            gate = parameters.get(at + "mlp.gate_proj.weight");
            up = parameters.get(at + "mlp.up_proj.weight");
            down = parameters.get(at + "mlp.down_proj.weight");
        }

        Tensor forward(Tensor x) {
            Tensor normed = norm1.forward(x);
            Tensor y = Network.attention(
                    rotate(Network.heads(torch.linear(normed, q), heads)),
                    rotate(Network.heads(torch.linear(normed, k), kvHeads)),
                    Network.heads(torch.linear(normed, v), kvHeads));
            Tensor middle = x.add(torch.linear(y, out));
            Tensor inner = norm2.forward(middle);
            Tensor hidden = torch.silu(torch.linear(inner, gate)).mul(torch.linear(inner, up));
            return middle.add(torch.linear(hidden, down));
        }
    }

    private static final class Norm {
        private final TensorOptional gain;
        private final long[] dims;
        private final DoubleOptional epsilon;

        Norm(Parameters parameters, String name, double epsilon) {
            Tensor weight = parameters.get(name);
            this.gain = new TensorOptional(weight);
            this.dims = new long[] {weight.size(0)};
            this.epsilon = new DoubleOptional(epsilon);
        }

        Tensor forward(Tensor x) {
            return torch.rms_norm(x, dims, gain, epsilon);
        }
    }
}
