package io.polyglow.common.token;

import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Hugging Face's Metaspace pre-tokenizer: spaces become marks, a mark is put before the text unless it has one, and every mark begins a pre-token. After a
 * WhitespaceSplit all white space goes, and every word gets a mark.
 */
record Metaspace(boolean prepend, boolean split, boolean words) implements PreTokenizer {
    private static final byte[] SPACE = {' '};

    private static byte[] mark() {
        return Spaces.MARK.getBytes(StandardCharsets.UTF_8);
    }

    static Metaspace parse(JsonObject json, boolean words) {
        if (!json.getString("replacement", Spaces.MARK).equals(Spaces.MARK)) {
            throw json.problem("replacement", "only \"" + Spaces.MARK + "\" is supported.");
        }
        Metaspace parsed = new Metaspace(prepends(json), json.getBoolean("split", true), words);
        if (words
                && (!parsed.prepend
                        || !parsed.split
                        || json.getString("prepend_scheme", "always").equals("first"))) {
            throw json.problem(
                    "prepend_scheme",
                    "after WhitespaceSplit only a Metaspace that always prepends and splits is supported.");
        }
        return parsed;
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
    public byte[] rewrite(byte[] text) {
        if (words) {
            return markWords(text);
        }
        byte[] marked = Spaces.replace(text, SPACE, mark());
        if (!prepend || marked.length == 0 || Spaces.isMark(marked, 0, marked.length)) {
            return marked;
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(marked.length + Spaces.markLength());
        out.writeBytes(mark());
        out.writeBytes(marked);
        return out.toByteArray();
    }

    @Override
    public int end(byte[] text, int start, int limit) {
        int at = start + 1;
        while (at < limit && !(split && Spaces.isMark(text, at, limit))) {
            at++;
        }
        return at;
    }

    private static byte[] markWords(byte[] text) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(text.length + text.length / 2);
        boolean between = true;
        for (int at = 0, length; at < text.length; at += length) {
            length = Utf8.length(text, at, text.length);
            boolean space = Spaces.isWhiteSpace(text, at);
            if (!space && between && !Spaces.isMark(text, at, text.length)) {
                out.writeBytes(mark());
            }
            if (!space) {
                out.write(text, at, length);
            }
            between = space;
        }
        return out.toByteArray();
    }
}
