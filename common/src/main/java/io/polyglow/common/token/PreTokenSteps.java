package io.polyglow.common.token;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Text cut one step after the other, as the {@code pre_tokenizer} of a file says. Steps that follow ByteLevel see each byte as the character that stands for it
 * ({@link ByteAlphabet}), as in Hugging Face's library. Slower than the scanners of {@link PreTokenPattern}, and still linear in the text. Memory: for each step the text and four bytes a piece.
 */
public final class PreTokenSteps implements PreTokenRule, PreTokenizer {
    private final JsonObject json;
    private final List<PreTokenStep> onText;
    private final List<PreTokenStep> onAlphabet;
    private final boolean isLossless;

    /** {@code onText} are the steps up to ByteLevel, {@code onAlphabet} those that follow it. */
    PreTokenSteps(JsonObject json, List<PreTokenStep> onText, List<PreTokenStep> onAlphabet, boolean isLossless) {
        this.json = json;
        this.onText = onText;
        this.onAlphabet = onAlphabet;
        this.isLossless = isLossless;
    }

    /** What the file has. */
    JsonObject json() {
        return json;
    }

    @Override
    public boolean isLossless() {
        return isLossless;
    }

    @Override
    public Pieces cut(byte[] text) {
        return cut(text, 0, text.length);
    }

    /** The pre-tokens of {@code utf8[offset, limit)}. */
    Pieces cut(byte[] utf8, int offset, int limit) {
        Pieces pieces = Pieces.expecting(limit - offset);
        pieces.add(utf8, offset, limit);
        pieces = apply(onText, pieces);
        return onAlphabet.isEmpty() ? pieces : inBytes(apply(onAlphabet, inAlphabet(pieces)));
    }

    private static Pieces apply(List<PreTokenStep> steps, Pieces whole) {
        Pieces pieces = whole;
        for (PreTokenStep step : steps) {
            pieces = apply(step, pieces);
        }
        return pieces;
    }

    private static Pieces apply(PreTokenStep step, Pieces before) {
        Pieces after = Pieces.expecting(before.text().length);
        for (int i = 0, start = 0; i < before.count(); start = before.end(i), i++) {
            step.cut(before.text(), start, before.end(i), after);
        }
        return after;
    }

    private static Pieces inAlphabet(Pieces pieces) {
        return apply(
                (text, start, end, out) -> {
                    byte[] symbols = ByteAlphabet.utf8(ByteAlphabet.encode(Arrays.copyOfRange(text, start, end)));
                    out.add(symbols, 0, symbols.length);
                },
                pieces);
    }

    private static Pieces inBytes(Pieces pieces) {
        return apply(
                (text, start, end, out) -> {
                    String symbols = new String(text, start, end - start, StandardCharsets.UTF_8);
                    byte[] bytes = Objects.requireNonNull(ByteAlphabet.decode(symbols));
                    out.add(bytes, 0, bytes.length);
                },
                pieces);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof PreTokenSteps that && json.equals(that.json);
    }

    @Override
    public int hashCode() {
        return json.hashCode();
    }

    @Override
    public String toString() {
        return Json.line(json);
    }
}
