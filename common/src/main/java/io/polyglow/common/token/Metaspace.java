package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Hugging Face's Metaspace pre-tokenizer: spaces become marks, a mark is put before the text unless it has one, and every mark begins a pre-token.
 */
record Metaspace(boolean prepend, boolean split) implements PreTokenizer {
    private static final byte[] SPACE = {' '};

    private static byte[] mark() {
        return Spaces.MARK.getBytes(StandardCharsets.UTF_8);
    }

    static Metaspace parse(JsonObject json) {
        if (!json.getString("replacement", Spaces.MARK).equals(Spaces.MARK)) {
            throw json.problem("replacement", "only \"" + Spaces.MARK + "\" is supported.");
        }
        return new Metaspace(prepends(json), json.getBoolean("split", true));
    }

    /** Whether a mark is put before the text, in the old notation or the new one. */
    static boolean prepends(JsonObject json) {
        String scheme =
                json.getString("prepend_scheme", json.getBoolean("add_prefix_space", true) ? "always" : "never");
        return switch (scheme) {
            case "always", "first" -> true;
            case "never" -> false;
            default -> throw json.problem("prepend_scheme", "must be always, first or never.");
        };
    }

    @Override
    public Pieces cut(byte[] text) {
        return Pieces.of(mark(text), this::end);
    }

    private byte[] mark(byte[] text) {
        byte[] marked = Spaces.replace(text, SPACE, mark());
        if (!prepend || marked.length == 0 || Spaces.isMark(marked, 0, marked.length)) {
            return marked;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(marked.length + Spaces.markLength());
        out.writeBytes(mark());
        out.writeBytes(marked);
        return out.toByteArray();
    }

    private int end(byte[] text, int start, int limit) {
        int at = start + 1;
        while (at < limit && !(split && Spaces.isMark(text, at, limit))) {
            at++;
        }
        return at;
    }
}
