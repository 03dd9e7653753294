package io.polyglow.dataprep.tokenize;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The substrings that a unigram model starts from: those that recur, at character borders, not longer than a bound, and not always followed by the same character
 * (then the longer one says as much). SentencePiece finds them in an enhanced suffix array; a multikey quicksort of the suffixes (Bentley and Sedgewick 1997),
 * cut at the bound, visits the same groups and needs no more memory than the suffixes themselves.
 */
final class SeedPieces {
    /** A piece and how often it occurs. */
    static final class Seed {
        final byte[] piece;
        final long count;
        final int characters;

        Seed(byte[] piece, long count, int characters) {
            this.piece = piece;
            this.count = count;
            this.characters = characters;
        }

        /** What it covers of the text; SentencePiece's score. */
        double covers() {
            return (double) count * characters;
        }
    }

    private static final Comparator<Seed> BEST_FIRST = Comparator.comparingDouble((Seed seed) -> -seed.covers())
            .thenComparing(seed -> seed.piece, Arrays::compareUnsigned);

    private final TrainingTable table;
    private final byte[] text;
    private final int maxCharacters;
    private final int maxBytes;
    private final int limit;
    private final int[] suffixes;
    private final int[] wordOf;
    private List<Seed> seeds = new ArrayList<>();

    private SeedPieces(TrainingTable table, int maxCharacters, int maxBytes, int limit) {
        this.table = table;
        this.text = table.text();
        this.maxCharacters = maxCharacters;
        this.maxBytes = maxBytes;
        this.limit = limit;
        this.wordOf = new int[text.length];
        int[] found = new int[text.length];
        int size = 0;
        for (int word = 0; word < table.words(); word++) {
            for (int at = table.start(word); at < table.end(word); at++) {
                wordOf[at] = word;
                if (startsCharacter(at)) {
                    found[size++] = at;
                }
            }
        }
        suffixes = Arrays.copyOf(found, size);
    }

    /** The best {@code limit} pieces of two characters or more, and all single characters; most covering first. */
    static List<Seed> of(TrainingTable table, int maxCharacters, int maxBytes, int limit) {
        SeedPieces search = new SeedPieces(table, maxCharacters, maxBytes, limit);
        search.group(0, search.suffixes.length, 0, 0);
        search.trim();
        return search.seeds;
    }

    /** Suffixes that agree in their first {@code depth} bytes. */
    private void group(int low, int high, int depth, int characters) {
        if (depth > 0 && (high - low > 1 || characters == 1) && endsCharacter(low, depth)) {
            offer(low, high, depth, characters);
        }
        boolean open = characters < maxCharacters || (depth > 0 && !endsCharacter(low, depth));
        if (open && depth < maxBytes && (high - low > 1 || characters <= 1)) {
            split(low, high, depth, characters);
        }
    }

    /** Three-way partition by the byte at {@code depth}; suffixes that end there come first, and end. */
    private void split(int low, int high, int depth, int characters) {
        while (low < high) {
            int pivot = byteAt(suffixes[low + (high - low) / 2], depth);
            int below = low;
            int above = high;
            for (int at = low; at < above; ) {
                int value = byteAt(suffixes[at], depth);
                if (value < pivot) {
                    swap(at++, below++);
                } else if (value > pivot) {
                    swap(at, --above);
                } else {
                    at++;
                }
            }
            if (pivot >= 0) {
                boolean begins = startsCharacter(suffixes[below] + depth);
                group(below, above, depth + 1, characters + (begins ? 1 : 0));
            }
            if (below - low < high - above) {
                split(low, below, depth, characters);
                low = above;
            } else {
                split(above, high, depth, characters);
                high = below;
            }
        }
    }

    private void offer(int low, int high, int depth, int characters) {
        long count = 0;
        boolean branches = characters == 1;
        int follows = byteAt(suffixes[low], depth);
        for (int i = low; i < high; i++) {
            count += table.count(wordOf[suffixes[i]]);
            branches |= byteAt(suffixes[i], depth) != follows || follows < 0;
        }
        if (branches) {
            int start = suffixes[low];
            seeds.add(new Seed(Arrays.copyOfRange(text, start, start + depth), count, characters));
            if (seeds.size() > 2 * limit + (1 << 16)) {
                trim();
            }
        }
    }

    private void trim() {
        seeds.sort(BEST_FIRST);
        List<Seed> kept = new ArrayList<>();
        int longer = 0;
        for (Seed seed : seeds) {
            if (seed.characters == 1 || longer++ < limit) {
                kept.add(seed);
            }
        }
        seeds = kept;
    }

    /** The byte {@code depth} after a suffix's start, or -1 where its word ends. */
    private int byteAt(int suffix, int depth) {
        int at = suffix + depth;
        return at >= table.end(wordOf[suffix]) ? -1 : text[at] & 0xFF;
    }

    private boolean endsCharacter(int suffix, int depth) {
        int next = byteAt(suffixes[suffix], depth);
        return next < 0 || (next & 0xC0) != 0x80;
    }

    private boolean startsCharacter(int at) {
        return (text[at] & 0xC0) != 0x80;
    }

    private void swap(int a, int b) {
        int suffix = suffixes[a];
        suffixes[a] = suffixes[b];
        suffixes[b] = suffix;
    }
}
