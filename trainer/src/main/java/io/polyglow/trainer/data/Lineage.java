package io.polyglow.trainer.data;

import io.polyglow.common.token.shard.SplitIndex;
import java.util.ArrayList;
import java.util.List;

/** From training samples to the documents behind them, and back. Reads no token. For one thread. */
public final class Lineage {
    private final SplitIndex split;
    private final DataOrder order;
    private final Sample sample = new Sample();

    /**
     * A part of a document that a sample holds.
     *
     * @param sample counted from the first step of the run
     * @param document counted from the beginning of the split
     * @param firstToken counted from the beginning of the shard
     */
    public record Part(long sample, long document, String shard, long firstToken, int tokens) {}

    /** The lineage of samples that come in this order from this split. */
    public Lineage(SplitIndex split, DataOrder order) {
        this.split = split;
        this.order = order;
    }

    /** What samples {@code [first, first + count)} are made of, in order. */
    public List<Part> parts(long first, int count) {
        List<Part> parts = new ArrayList<>();
        for (long index = first; index < first + count; index++) {
            order.get(index, sample);
            for (int piece = 0; piece < sample.pieces(); piece++) {
                addParts(index, sample.firstToken(piece), sample.length(piece), parts);
            }
        }
        return parts;
    }

    private void addParts(long index, long first, int tokens, List<Part> parts) {
        long end = first + tokens;
        for (long at = first; at < end; ) {
            long document = split.documentAt(at);
            long next = Math.min(end, split.documentStart(document + 1));
            int shard = split.shardOfToken(at);
            String name = split.shards().get(shard).name();
            parts.add(new Part(index, document, name, at - split.firstToken(shard), (int) (next - at)));
            at = next;
        }
    }

    /** Those of the first {@code samples} samples that hold a token of {@code document}. */
    public List<Long> samplesOf(long document, long samples) {
        long from = split.documentStart(document);
        long to = split.documentStart(document + 1);
        List<Long> found = new ArrayList<>();
        for (long index = 0; index < samples; index++) {
            order.get(index, sample);
            if (overlaps(from, to)) {
                found.add(index);
            }
        }
        return found;
    }

    private boolean overlaps(long from, long to) {
        for (int piece = 0; piece < sample.pieces(); piece++) {
            long first = sample.firstToken(piece);
            if (first < to && from < first + sample.length(piece)) {
                return true;
            }
        }
        return false;
    }
}
