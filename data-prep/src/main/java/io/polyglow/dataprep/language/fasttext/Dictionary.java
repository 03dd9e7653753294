package io.polyglow.dataprep.language.fasttext;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.collections.Int2IntHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Words and labels of a model, and what rows of the input matrix a text touches: words, character n-grams and word n-grams, the latter two hashed into
 * buckets ({@code src/dictionary.cc}; Joulin et al., Bag of Tricks for Efficient Text Classification, 2016). Immutable.
 */
final class Dictionary {
    private static final int MIN_ENTRY_BYTES = 1 + Long.BYTES + 1;
    private static final int FNV_BASIS = 0x811C9DC5;
    private static final int FNV_PRIME = 16777619;
    private static final int ABSENT = -1;
    private static final long MAX_COUNT = 1L << 40;
    private static final byte[] END_OF_LINE = "</s>".getBytes(StandardCharsets.UTF_8);
    private static final byte[] LABEL_PREFIX = "__label__".getBytes(StandardCharsets.UTF_8);

    private final ModelArguments arguments;
    private final int words;
    /** Bytes of all entries, one after another; entry {@code i} is {@code [starts[i], starts[i + 1])}. */
    private final byte[] text;

    private final int[] starts;
    private final int[] slots;
    private final String[] labels;
    private final long[] labelCounts;
    /** New bucket of each bucket that a pruned model kept; null when it kept all. */
    private final @Nullable Int2IntHashMap kept;

    private Dictionary(ModelArguments arguments, int words, Entries entries, @Nullable Int2IntHashMap kept) {
        this.arguments = arguments;
        this.words = words;
        this.text = entries.text;
        this.starts = entries.starts;
        this.labels = entries.labels;
        this.labelCounts = entries.labelCounts;
        this.kept = kept;
        this.slots = new int[(int) Math.ceil(entries.count() / 0.7) + 1];
        fillSlots(entries.count());
    }

    static Dictionary read(ModelCursor in, ModelArguments arguments) {
        int size = in.nextCount("words", MIN_ENTRY_BYTES);
        int words = in.nextInt();
        int labels = in.nextInt();
        in.advance(Long.BYTES, 1); // number of tokens
        long pruned = in.nextLong();
        in.require(words >= 0 && labels > 0 && words + (long) labels == size, "words and labels that do not add up");
        Entries entries = Entries.read(in, words, labels);
        return new Dictionary(arguments, words, entries, pruned < 0 ? null : readKept(in, pruned));
    }

    private static Int2IntHashMap readKept(ModelCursor in, long count) {
        in.require(count <= in.file().size(), "impossible number of kept n-grams, " + count);
        Int2IntHashMap kept = new Int2IntHashMap(ABSENT);
        for (long i = 0; i < count; i++) {
            int from = in.nextInt();
            int to = in.nextInt();
            in.require(from >= 0 && to >= 0 && to < count, "a kept n-gram out of range");
            kept.put(from, to);
        }
        in.require(kept.size() == count, "kept n-grams named twice");
        return kept;
    }

    String[] labels() {
        return labels;
    }

    long[] labelCounts() {
        return labelCounts;
    }

    /** How many rows the input matrix must have. */
    long rowsNeeded() {
        return words + (kept == null ? (long) arguments.bucket() : kept.size());
    }

    boolean isPruned() {
        return kept != null;
    }

    /** Rows of the input matrix for one line of text; what follows a line break or a literal {@code </s>} is not read, as in fastText. */
    IntList features(byte[] line) {
        IntList rows = new IntList();
        IntList hashes = new IntList();
        int i = 0;
        boolean ended = false;
        while (!ended) {
            while (i < line.length && isSpace(line[i]) && line[i] != '\n') {
                i++;
            }
            int start = i;
            while (i < line.length && !isSpace(line[i])) {
                i++;
            }
            byte[] token = i == start ? END_OF_LINE : Arrays.copyOfRange(line, start, i);
            ended = Arrays.equals(token, END_OF_LINE);
            addToken(token, rows, hashes);
        }
        addWordNgrams(hashes, rows);
        return rows;
    }

    private void addToken(byte[] token, IntList rows, IntList hashes) {
        int hash = hash(token, 0, token.length);
        int entry = find(token, hash);
        if (entry >= words || (entry == ABSENT && isLabel(token))) {
            return;
        }
        hashes.add(hash);
        if (entry != ABSENT) {
            rows.add(entry);
        }
        if (arguments.maxN() > 0 && !Arrays.equals(token, END_OF_LINE)) {
            addCharacterNgrams(token, rows);
        }
    }

    private void addCharacterNgrams(byte[] token, IntList rows) {
        byte[] word = new byte[token.length + 2];
        word[0] = '<';
        System.arraycopy(token, 0, word, 1, token.length);
        word[word.length - 1] = '>';
        for (int i = 0; i < word.length; i++) {
            if (!isContinuation(word[i])) {
                addNgramsFrom(word, i, rows);
            }
        }
    }

    private void addNgramsFrom(byte[] word, int start, IntList rows) {
        int hash = FNV_BASIS;
        int end = start;
        for (int n = 1; end < word.length && n <= arguments.maxN(); n++) {
            do {
                hash = (hash ^ word[end++]) * FNV_PRIME;
            } while (end < word.length && isContinuation(word[end]));
            boolean edge = n == 1 && (start == 0 || end == word.length);
            if (n >= arguments.minN() && !edge) {
                addBucket(Integer.remainderUnsigned(hash, arguments.bucket()), rows);
            }
        }
    }

    private void addWordNgrams(IntList hashes, IntList rows) {
        for (int i = 0; i < hashes.size(); i++) {
            long hash = hashes.get(i);
            for (int j = i + 1; j < hashes.size() && j < i + arguments.wordNgrams(); j++) {
                hash = hash * 116049371 + hashes.get(j);
                addBucket((int) Long.remainderUnsigned(hash, arguments.bucket()), rows);
            }
        }
    }

    private void addBucket(int bucket, IntList rows) {
        int row = kept == null ? bucket : kept.get(bucket);
        if (row != ABSENT) {
            rows.add(words + row);
        }
    }

    private void fillSlots(int entries) {
        Arrays.fill(slots, ABSENT);
        for (int entry = 0; entry < entries; entry++) {
            int slot = firstSlot(hash(text, starts[entry], starts[entry + 1]));
            while (slots[slot] != ABSENT) {
                slot = (slot + 1) % slots.length;
            }
            slots[slot] = entry;
        }
    }

    private int find(byte[] token, int hash) {
        int slot = firstSlot(hash);
        while (slots[slot] != ABSENT) {
            int entry = slots[slot];
            if (Arrays.equals(text, starts[entry], starts[entry + 1], token, 0, token.length)) {
                return entry;
            }
            slot = (slot + 1) % slots.length;
        }
        return ABSENT;
    }

    private int firstSlot(int hash) {
        return Integer.remainderUnsigned(hash, slots.length);
    }

    /** FNV-1a over signed bytes, as every released model was trained with. */
    private static int hash(byte[] bytes, int start, int end) {
        int hash = FNV_BASIS;
        for (int i = start; i < end; i++) {
            hash = (hash ^ bytes[i]) * FNV_PRIME;
        }
        return hash;
    }

    private static boolean isLabel(byte[] token) {
        return token.length >= LABEL_PREFIX.length
                && Arrays.equals(token, 0, LABEL_PREFIX.length, LABEL_PREFIX, 0, LABEL_PREFIX.length);
    }

    private static boolean isContinuation(byte b) {
        return (b & 0xC0) == 0x80;
    }

    private static boolean isSpace(byte b) {
        return b == ' ' || b == 0 || (b >= '\t' && b <= '\r');
    }

    /** The entries as they stand in the file: words first, then labels. */
    private static final class Entries {
        final byte[] text;
        final int[] starts;
        final String[] labels;
        final long[] labelCounts;

        Entries(byte[] text, int[] starts, String[] labels, long[] labelCounts) {
            this.text = text;
            this.starts = starts;
            this.labels = labels;
            this.labelCounts = labelCounts;
        }

        static Entries read(ModelCursor in, int words, int labels) {
            int[] starts = new int[words + labels + 1];
            String[] names = new String[labels];
            long[] counts = new long[labels];
            byte[] text = new byte[1 << 16];
            int end = 0;
            for (int i = 0; i < words + labels; i++) {
                for (byte b = in.nextByte(); b != 0; b = in.nextByte()) {
                    if (end == text.length) {
                        text = Arrays.copyOf(text, grown(in, end));
                    }
                    text[end++] = b;
                }
                starts[i + 1] = end;
                long count = in.nextLong();
                in.require(count >= 0 && count < MAX_COUNT, "impossible count " + count);
                in.require(in.nextByte() == (i < words ? 0 : 1), "a label among the words");
                if (i >= words) {
                    names[i - words] = new String(text, starts[i], end - starts[i], StandardCharsets.UTF_8);
                    counts[i - words] = count;
                }
            }
            return new Entries(Arrays.copyOf(text, end), starts, names, counts);
        }

        private static int grown(ModelCursor in, int length) {
            in.require(length <= Integer.MAX_VALUE / 2, "words of more than 1 GiB");
            return 2 * length;
        }

        int count() {
            return starts.length - 1;
        }
    }
}
