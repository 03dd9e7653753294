package io.polyglow.dataprep.tokenize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.ByteAlphabet;
import java.util.Arrays;
import org.agrona.collections.LongArrayList;

/**
 * The words of the training table as symbols, merged in place. A cell a byte, and an empty cell between words:
 *
 * <pre>
 *   bytes           t  h  e  .  _  t  h  e  n
 *   after t+h       T  T  e     _  T  T  e  n      a symbol's id is in its first and last cell
 *   after th+e      E  .  E     _  E  .  E  n      cells within are empty
 * </pre>
 *
 * So both neighbours of a symbol are found from its own cells, and a position that is no longer a symbol's first cell is recognised: its cell is empty,
 * or holds a longer token than the one that was seen there.
 */
final class WordTable {
    private static final int EMPTY = -1;
    private static final int MAX_CELLS = Integer.MAX_VALUE - 16;

    /** Visits a pair of neighbours: the first cell of the left one, both ids, and how often the word occurs. */
    @FunctionalInterface
    interface PairVisitor {
        void visit(int position, int left, int right, long count);
    }

    private final VocabularyBuilder vocabulary;
    private final int[] idOfByte = new int[256];
    private final LongArrayList counts = new LongArrayList();
    private int[] cells = {EMPTY};
    private int[] wordOfCell = {EMPTY};
    private int size = 1;

    WordTable(VocabularyBuilder vocabulary) {
        this.vocabulary = vocabulary;
        for (int b = 0; b < idOfByte.length; b++) {
            idOfByte[b] = vocabulary.idOf(ByteAlphabet.encode(new byte[] {(byte) b}));
        }
    }

    void add(byte[] word, long count) {
        grow(word.length + 1);
        counts.addLong(count);
        for (byte b : word) {
            cells[size] = idOfByte[b & 0xFF];
            wordOfCell[size++] = counts.size() - 1;
        }
        cells[size++] = EMPTY;
    }

    void forEachPair(PairVisitor visitor) {
        for (int at = 1; at < size - 1; at++) {
            if (cells[at] != EMPTY && cells[at + 1] != EMPTY) {
                visitor.visit(at, cells[at], cells[at + 1], countAt(at));
            }
        }
    }

    /** How often the word around a cell occurs. */
    long countAt(int position) {
        return counts.getLong(wordOfCell[position]);
    }

    int symbol(int position) {
        return cells[position];
    }

    /** First cell of the symbol after the one at {@code position}, or -1 at the end of a word. */
    int next(int position) {
        int next = position + vocabulary.length(cells[position]);
        return cells[next] == EMPTY ? -1 : next;
    }

    /** First cell of the symbol before, or -1. */
    int previous(int position) {
        int before = cells[position - 1];
        return before == EMPTY ? -1 : position - vocabulary.length(before);
    }

    /** Makes one symbol of {@code left} at {@code position} and {@code right} after it; false if they are no longer there. */
    boolean merge(int position, int left, int right, int merged) {
        int middle = position + vocabulary.length(left);
        if (cells[position] != left || cells[middle] != right) {
            return false;
        }
        int end = middle + vocabulary.length(right);
        cells[middle - 1] = EMPTY;
        cells[middle] = EMPTY;
        cells[position] = merged;
        cells[end - 1] = merged;
        return true;
    }

    private void grow(int more) {
        if (size > MAX_CELLS - more) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The distinct pre-tokens of this corpus have more than " + MAX_CELLS
                            + " bytes, more than one trainer holds. Train on a sample, or drop pre-tokens that are seen once.");
        }
        if (size + more > cells.length) {
            int capacity = (int) Math.min(MAX_CELLS, Math.max(size + more, 2L * cells.length));
            cells = Arrays.copyOf(cells, capacity);
            wordOfCell = Arrays.copyOf(wordOfCell, capacity);
        }
    }
}
