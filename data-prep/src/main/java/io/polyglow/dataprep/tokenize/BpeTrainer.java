package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteAlphabet;
import io.polyglow.common.token.IntPairs;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.agrona.collections.IntArrayList;
import org.agrona.collections.Long2LongCounterMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Learns byte-pair merges (Sennrich et al. 2016) from a (pre-token, count) table, in exactly the order of the Hugging Face trainer, but with 64-bit
 * counts. Ids: special tokens, the 256 bytes sorted by the characters that stand for them, merges. Each round merges the pair of highest count, the
 * smallest (left id, right id) among equals, until the vocabulary is full or the count is below the minimum.
 *
 * <p>A stretch of text that no symbol crosses is merged alike wherever it stands, so a token is always made of the same two, and a pair comes up in one
 * round only: in the round that makes one of its tokens all its positions are known.
 *
 * <p>Work is proportional to the occurrences that merge. The result does not depend on the order of the table. For one thread.
 */
public final class BpeTrainer implements PreTokenSink {
    private final BpeTrainerConfig config;
    private final VocabularyBuilder vocabulary;
    private final WordTable words;
    private final Long2LongCounterMap pairCounts = new Long2LongCounterMap(0);

    /** Where pairs came up since the last round. */
    private final Long2ObjectHashMap<IntArrayList> fresh = new Long2ObjectHashMap<>();

    private final PriorityQueue<Candidate> queue = new PriorityQueue<>(
            Comparator.comparingLong((Candidate c) -> -c.count).thenComparingLong(c -> c.pair));

    /** A pair as it was counted when it entered the queue. */
    private static final class Candidate {
        final long pair;
        final IntArrayList positions;
        long count;

        Candidate(long pair, IntArrayList positions, long count) {
            this.pair = pair;
            this.positions = positions;
            this.count = count;
        }
    }

    /** Starts with an empty table. */
    public BpeTrainer(BpeTrainerConfig config) {
        this.config = config;
        vocabulary = new VocabularyBuilder(config.pattern(), config.specialTokens());
        for (int b : ByteAlphabet.bytesInIdOrder()) {
            vocabulary.add(ByteAlphabet.encode(new byte[] {(byte) b}), 1);
        }
        config.requireRoom();
        words = new WordTable(vocabulary);
    }

    @Override
    public void add(byte[] preToken, long count) {
        words.add(preToken, count);
    }

    /** Learns the merges; call once, after the last {@link #add}. */
    public BpeModel train() {
        words.forEachPair(this::count);
        enqueueFresh();
        IntArrayList merges = new IntArrayList();
        for (Candidate best = best(); best != null; best = best()) {
            merges.addInt(left(best.pair));
            merges.addInt(right(best.pair));
            merge(best);
            enqueueFresh();
        }
        return vocabulary.model(new IntPairs(merges));
    }

    /** The candidate with the highest count of now (counts in the queue go out of date), or null when the vocabulary is full or none reaches the minimum. */
    private @Nullable Candidate best() {
        if (vocabulary.size() >= config.vocabSize()) {
            return null;
        }
        for (Candidate top = queue.poll(); top != null; top = queue.poll()) {
            long count = pairCounts.get(top.pair);
            if (count == top.count) {
                return count >= Math.max(1, config.minFrequency()) ? top : null;
            }
            top.count = count;
            queue.add(top);
        }
        return null;
    }

    private void merge(Candidate best) {
        int left = left(best.pair);
        int right = right(best.pair);
        int merged = vocabulary.merged(left, right);
        for (int i = 0; i < best.positions.size(); i++) {
            mergeAt(best.positions.getInt(i), left, right, merged);
        }
    }

    private void mergeAt(int at, int left, int right, int merged) {
        if (!words.merge(at, left, right, merged)) {
            return;
        }
        long count = words.countAt(at);
        int previous = words.previous(at);
        if (previous >= 0) {
            changeNeighbour(previous, words.symbol(previous), left, words.symbol(previous), merged, count);
        }
        int next = words.next(at);
        if (next >= 0) {
            changeNeighbour(at, right, words.symbol(next), merged, words.symbol(next), count);
        }
    }

    /** One pair beside a merge is no more, and unless it would be too long another one takes its place at {@code position}. */
    private void changeNeighbour(int position, int oldLeft, int oldRight, int newLeft, int newRight, long count) {
        pairCounts.getAndAdd(pair(oldLeft, oldRight), -count);
        if (vocabulary.length(newLeft) + vocabulary.length(newRight) < config.maxTokenBytes()) {
            count(position, newLeft, newRight, count);
        }
    }

    private void count(int position, int left, int right, long count) {
        long pair = pair(left, right);
        pairCounts.getAndAdd(pair, count);
        fresh.computeIfAbsent(pair, key -> new IntArrayList()).addInt(position);
    }

    private void enqueueFresh() {
        fresh.forEachLong((pair, positions) -> {
            if (pairCounts.get(pair) > 0) {
                queue.add(new Candidate(pair, positions, pairCounts.get(pair)));
            }
        });
        fresh.clear();
    }

    private static long pair(int left, int right) {
        return (long) left << 32 | right;
    }

    private static int left(long pair) {
        return (int) (pair >>> 32);
    }

    private static int right(long pair) {
        return (int) pair;
    }
}
