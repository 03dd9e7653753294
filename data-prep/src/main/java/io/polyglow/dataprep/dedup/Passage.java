package io.polyglow.dataprep.dedup;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A line or a paragraph of a text. Passages are the same when their {@link SimplifiedText} is, as CCNet compares paragraphs ({@code cc_net/dedup.py}), but
 * by 128 bits of hash rather than 64: a collision would cost somebody else's text.
 *
 * @param start first UTF-16 unit
 * @param end the unit after the last, line feeds behind it included, so that nothing is left when it goes
 * @param key 16 bytes, the same for the same passage
 * @param first whether no earlier passage of the text has this key
 */
@SuppressWarnings("ArrayRecordComponent") // a row on its way to a table: nobody compares it
public record Passage(int start, int end, byte[] key, boolean first) {
    /** What a passage is. */
    public enum Kind {
        /** Ends at a line feed. */
        LINE {
            @Override
            int end(String text, int start) {
                int feed = text.indexOf('\n', start);
                return feed < 0 ? text.length() : feed + 1;
            }
        },
        /** Ends at a blank line. */
        PARAGRAPH {
            @Override
            int end(String text, int start) {
                int at = start;
                boolean blank = false;
                boolean begun = false;
                while (at < text.length()) {
                    int next = LINE.end(text, at);
                    boolean nothing = text.substring(at, next).isBlank();
                    if (!nothing && blank && begun) {
                        return at;
                    }
                    begun |= !nothing;
                    blank = nothing;
                    at = next;
                }
                return at;
            }
        };

        /** The end of the passage that begins at {@code start}. */
        abstract int end(String text, int start);
    }

    /** The passages of a text that have words and, between white space, at least {@code minCharacters} UTF-16 units. */
    public static List<Passage> of(String text, Kind kind, int minCharacters) {
        SimplifiedText simplified = new SimplifiedText();
        Set<ByteBuffer> seen = new HashSet<>();
        List<Passage> passages = new ArrayList<>();
        int end;
        for (int start = 0; start < text.length(); start = end) {
            end = kind.end(text, start);
            if (text.substring(start, end).strip().length() >= minCharacters) {
                simplified.read(text, start, end);
                if (simplified.units() > 0) {
                    byte[] key = key(simplified);
                    passages.add(new Passage(start, end, key, seen.add(ByteBuffer.wrap(key))));
                }
            }
        }
        return passages;
    }

    private static byte[] key(SimplifiedText text) {
        return ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(text.hash(0, text.units(), 0))
                .putLong(text.hash(0, text.units(), 1))
                .array();
    }
}
