package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.PreTokenPattern;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.agrona.collections.MutableLong;

/**
 * Counts pre-tokens the way the Hugging Face trainer feeds files: line by line, each with its line feed, so that no pre-token spans lines. (At encode
 * time they may.) Holds every distinct pre-token; a caller with much text drains it whenever {@link #size} passes a bound. For one thread.
 */
public final class PreTokenCounter {
    private final PreTokenPattern pattern;

    /** Keys are bytes as Latin-1: compact, and hashed once. */
    private final Map<String, MutableLong> counts = new HashMap<>();

    /** Counts what {@code pattern} cuts. */
    public PreTokenCounter(PreTokenPattern pattern) {
        this.pattern = pattern;
    }

    /** Counts the pre-tokens of a text, which begins and ends lines. */
    public void add(byte[] utf8, int offset, int length) {
        int limit = offset + length;
        for (int start = offset, end; start < limit; start = end) {
            end = lineEnd(utf8, start, limit);
            addLine(utf8, start, end);
        }
    }

    /** Number of distinct pre-tokens held. */
    public int size() {
        return counts.size();
    }

    /** Hands all counts over and forgets them. */
    public void drainTo(PreTokenSink sink) {
        counts.forEach((preToken, count) -> sink.add(preToken.getBytes(StandardCharsets.ISO_8859_1), count.get()));
        counts.clear();
    }

    private void addLine(byte[] utf8, int start, int limit) {
        for (int at = start, end; at < limit; at = end) {
            end = pattern.end(utf8, at, limit);
            String preToken = new String(utf8, at, end - at, StandardCharsets.ISO_8859_1);
            counts.computeIfAbsent(preToken, key -> new MutableLong()).increment();
        }
    }

    private static int lineEnd(byte[] utf8, int start, int limit) {
        int end = start;
        while (end < limit && utf8[end] != '\n') {
            end++;
        }
        return Math.min(end + 1, limit);
    }
}
