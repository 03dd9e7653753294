package io.polyglow.common.token;

import java.util.List;

/**
 * What a tokenizer's file asks for around a text. It is kept with the model, and applied only where it is asked for.
 *
 * @param nfc whether texts are to be in Unicode's normal form C; {@code prepare} makes them so, encoding does not
 * @param before ids of the tokens before a text ({@code bos})
 * @param after ids of the tokens after it ({@code eos})
 */
public record TextFrame(boolean nfc, List<Integer> before, List<Integer> after) {
    /** Nothing. */
    public static final TextFrame NONE = new TextFrame(false, List.of(), List.of());

    /** Copies. */
    public TextFrame {
        before = List.copyOf(before);
        after = List.copyOf(after);
    }
}
