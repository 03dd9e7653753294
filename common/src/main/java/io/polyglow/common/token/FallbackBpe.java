package io.polyglow.common.token;

import io.polyglow.common.text.Utf8;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntPredicate;
import org.agrona.collections.Int2IntHashMap;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.Object2IntHashMap;

/**
 * BPE over characters, as SentencePiece trains it (Llama 2, Mistral, Gemma): each character is its token, or else its bytes or the unknown token; then
 * the pair of lowest rank merges first, the leftmost among equals.
 */
final class FallbackBpe implements SubwordModel {
    private final Int2IntHashMap idOfCharacter = new Int2IntHashMap(-1);
    private final MergeTable merges;
    private final Fallback fallback;
    private final boolean fuseUnknown;
    private final boolean crossesWords;

    /** {@code reserved} are ids that no text may produce. */
    FallbackBpe(
            List<String> vocabulary, IntPairs pairs, IntPredicate reserved, Fallback fallback, boolean fuseUnknown) {
        this.fallback = fallback;
        this.fuseUnknown = fuseUnknown;
        merges = mergeTable(vocabulary, pairs, reserved);
        boolean crosses = false;
        for (int id = 0; id < vocabulary.size(); id++) {
            String token = vocabulary.get(id);
            if (!reserved.test(id)) {
                crosses |= crossesWords(token);
                if (token.codePointCount(0, token.length()) == 1) {
                    idOfCharacter.put(token.codePointAt(0), id);
                }
            }
        }
        crossesWords = crosses || !idOfCharacter.containsKey(Spaces.MARK.codePointAt(0));
    }

    private static MergeTable mergeTable(List<String> vocabulary, IntPairs pairs, IntPredicate reserved) {
        Object2IntHashMap<String> ids = new Object2IntHashMap<>(-1);
        for (int id = 0; id < vocabulary.size(); id++) {
            ids.put(vocabulary.get(id), id);
        }
        MergeTable table = new MergeTable(pairs.size());
        for (int rank = 0; rank < pairs.size(); rank++) {
            int merged = ids.getValue(vocabulary.get(pairs.left(rank)) + vocabulary.get(pairs.right(rank)));
            if (!reserved.test(merged)) {
                table.put(pairs.left(rank), pairs.right(rank), rank, merged);
            }
        }
        return table;
    }

    /** Whether a mark follows something else. */
    static boolean crossesWords(String token) {
        int marks = 0;
        while (token.startsWith(Spaces.MARK, marks)) {
            marks++;
        }
        return token.indexOf(Spaces.MARK, marks) >= 0;
    }

    @Override
    public boolean crossesWords() {
        return crossesWords;
    }

    @Override
    public Encoder encoder() {
        SymbolMerger merger = new SymbolMerger(merges);
        return (text, start, end, ids) -> encode(merger, text, start, end, ids);
    }

    private void encode(SymbolMerger merger, byte[] text, int start, int end, IntArrayList ids) {
        int[] symbols = merger.symbols(end - start);
        int count = 0;
        boolean unknownBefore = false;
        for (int at = start, next; at < end; at = next) {
            int decoded = Utf8.decode(text, at, end);
            next = at + (decoded == Utf8.INVALID ? 1 : decoded & 7);
            int id = decoded == Utf8.INVALID ? -1 : idOfCharacter.get(decoded >>> 3);
            boolean unknown = id < 0 && !fallback.hasBytes(text, at, next);
            if (id >= 0) {
                symbols[count++] = id;
            } else if (!unknown) {
                for (int i = at; i < next; i++) {
                    symbols[count++] = fallback.idOf(text[i]);
                }
            } else if (!(fuseUnknown && unknownBefore)) {
                symbols[count++] = fallback.requireUnknown(text, at);
            }
            unknownBefore = unknown;
        }
        merger.merge(count, ids);
    }

    /** The vocabulary's UTF-8, for a trie or for decoding. */
    static byte[] utf8(String token) {
        return token.getBytes(StandardCharsets.UTF_8);
    }
}
