package io.polyglow.trainer.model;

import io.polyglow.common.config.ConfigSection;
import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Problems;
import io.polyglow.common.config.Range;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.kernels.WeightLayout;

/**
 * The shape of a transformer. Every combination is allowed; LayerNorm with learned positions and GELU is GPT-2 (Radford et al. 2019), RMSNorm with RoPE
 * and SwiGLU is Llama (Touvron et al. 2023). Zeroes that mean "as usual" are replaced on construction, so a resolved config shows what is computed.
 */
public record ModelConfig(
        @Doc("Number of blocks.") @Range(min = 1, max = 1000) int layers,
        @Doc("Attention heads of a block.") @Range(min = 1, max = 1024) int heads,
        @Doc("Key and value heads, a divisor of heads (grouped-query attention); 0 means as many as heads.")
                @Default("0")
                @Range(min = 0, max = 1024)
                int kvHeads,
        @Doc("Width of the residual stream, a multiple of heads.") @Range(min = 1, max = 65_536) int channels,
        @Doc(
                        "Hidden channels of the MLP; 0 means 4 x channels for gelu, and 8/3 x channels rounded up to 64 for swiglu.")
                @Default("0")
                @Range(min = 0, max = 1_048_576)
                int hidden,
        @Doc("Rows of the token table; 0 means the size of the data's tokenizer.")
                @Default("0")
                @Range(min = 0, max = 4_194_304)
                int vocabSize,
        @Doc("Longest sequence in tokens.") @Range(min = 1, max = 1_048_576) int context,
        @Doc("Keys that a token attends to, its own among them (Mistral's sliding window); 0 means all earlier ones.")
                @Default("0")
                @Range(min = 0, max = 1_048_576)
                int attentionWindow,
        @Doc("Normalisation before attention, MLP and head.") @Default("layernorm") Norm norm,
        @Doc("How positions enter.") @Default("learned") Positions positions,
        @Doc("Activation of the MLP.") @Default("gelu") Activation activation,
        @Doc("Whether the head's weight is the token table (Press and Wolf 2017).") @Default("true") boolean tied,
        @Doc("Whether linear layers and layernorm have biases.") @Default("true") boolean bias,
        @Doc("Base of the wavelengths of rope.") @Default("10000") @Range(min = 1) double ropeTheta,
        @Doc("Added to the variance under the root.") @Default("1e-5") @Range(min = 1e-12, max = 1) double normEpsilon)
        implements ConfigSection {

    /** Normalisation of rows. */
    public enum Norm {
        /** Centred, scaled and shifted (Ba et al. 2016). */
        LAYERNORM,
        /** Scaled only (Zhang and Sennrich 2019). */
        RMSNORM
    }

    /** How the model knows where a token stands. */
    public enum Positions {
        /** A table of embeddings, added to those of the tokens. */
        LEARNED,
        /** Rotated queries and keys (Su et al. 2021). */
        ROPE
    }

    /** What makes the MLP non-linear. */
    public enum Activation {
        /** GELU in its tanh form (Hendrycks and Gimpel 2016). */
        GELU,
        /** A SiLU gate (Shazeer 2020). */
        SWIGLU
    }

    /** Replaces zeroes by what they mean. */
    public ModelConfig {
        kvHeads = kvHeads == 0 ? heads : kvHeads;
        hidden =
                hidden != 0 ? hidden : activation == Activation.GELU ? 4 * channels : (8 * channels / 3 + 63) / 64 * 64;
    }

    @Override
    public void validate(Problems problems) {
        if (channels % heads != 0) {
            problems.add("channels", channels + " is no multiple of heads = " + heads + ".");
        } else if (positions == Positions.ROPE && headDim() % 2 != 0) {
            problems.add("channels", "rope turns pairs of channels, but channels / heads = " + headDim() + " is odd.");
        }
        if (heads % kvHeads != 0) {
            problems.add("kv-heads", kvHeads + " does not divide heads = " + heads + ".");
        }
    }

    /** The same model for a vocabulary of this size. */
    public ModelConfig withVocabSize(int size) {
        return with(layers, size, attentionWindow);
    }

    /** The same model with so many layers. */
    public ModelConfig withLayers(int count) {
        return with(count, vocabSize, attentionWindow);
    }

    /** The same model with such a window. */
    public ModelConfig withAttentionWindow(int window) {
        return with(layers, vocabSize, window);
    }

    private ModelConfig with(int newLayers, int newVocabSize, int newWindow) {
        return new ModelConfig(
                newLayers,
                heads,
                kvHeads,
                channels,
                hidden,
                newVocabSize,
                context,
                newWindow,
                norm,
                positions,
                activation,
                tied,
                bias,
                ropeTheta,
                normEpsilon);
    }

    /** The most keys that a token sees, {@link AttentionShape#NO_WINDOW} where there is no limit. */
    int windowOfAttention() {
        return attentionWindow == 0 ? AttentionShape.NO_WINDOW : attentionWindow;
    }

    /** Channels of a head. */
    public int headDim() {
        return channels / heads;
    }

    /** Attention over B sequences of T tokens. */
    public AttentionShape attentionShape(int B, int T) {
        return new AttentionShape(B, T, heads, kvHeads, headDim());
    }

    /** Whether parameters have GPT-2's names and {@code [in, out]} matrices; otherwise Llama's. */
    public boolean gpt2Names() {
        return norm == Norm.LAYERNORM && positions == Positions.LEARNED && activation == Activation.GELU;
    }

    /** Layout of the matrices within blocks; the head's is always {@link WeightLayout#OUT_IN}. */
    public WeightLayout weightLayout() {
        return gpt2Names() ? WeightLayout.IN_OUT : WeightLayout.OUT_IN;
    }
}
