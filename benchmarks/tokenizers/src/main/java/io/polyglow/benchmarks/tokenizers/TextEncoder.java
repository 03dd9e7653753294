package io.polyglow.benchmarks.tokenizers;

/** A tokenizer that competes. */
interface TextEncoder extends AutoCloseable {
    /** The ids of a text; no special tokens are recognised or added. */
    int[] encode(String text);

    /** Whatever it keeps from text to text is forgotten, as far as it can be. */
    default TextEncoder fresh() {
        return this;
    }

    @Override
    default void close() {}
}
