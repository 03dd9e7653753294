package io.polyglow.common.token;

import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * The merges behind a vocabulary whose ids are ranks. tiktoken merges any two neighbours that make a token, the smallest token first. A token that can come out of
 * that does so in one way only, whatever stands around it: the way its bytes alone take. So one pair for each token, in the order of the tokens, encodes alike.
 */
final class RankedMerges {
    private RankedMerges() {}

    /** The pairs for {@code tokens[id]}, ids being ranks; null where an id is no rank. Tokens that no two smaller ones make get no pair. */
    static IntPairs of(byte[][] tokens) {
        int[] idOfByte = new int[256];
        Arrays.fill(idOfByte, -1);
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] != null && tokens[id].length == 1) {
                idOfByte[tokens[id][0] & 0xFF] = id;
            }
        }
        MergeTable table = new MergeTable(tokens.length);
        PieceMerger merger = new PieceMerger(table);
        IntArrayList pairs = new IntArrayList(2 * tokens.length, IntArrayList.DEFAULT_NULL_VALUE);
        for (int id = 0; id < tokens.length; id++) {
            if (tokens[id] != null && tokens[id].length > 1 && parts(tokens[id], idOfByte, merger) == 2) {
                int[] pair = merger.symbols(2);
                table.put(pair[0], pair[1], id, id);
                pairs.addInt(pair[0]);
                pairs.addInt(pair[1]);
            }
        }
        return new IntPairs(pairs);
    }

    /** Number of symbols that the smaller tokens leave of the bytes; 0 when a byte is no token. */
    private static int parts(byte[] bytes, int[] idOfByte, PieceMerger merger) {
        int[] symbols = merger.symbols(bytes.length);
        for (int i = 0; i < bytes.length; i++) {
            symbols[i] = idOfByte[bytes[i] & 0xFF];
            if (symbols[i] < 0) {
                return 0;
            }
        }
        return merger.merge(bytes.length);
    }
}
