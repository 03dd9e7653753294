package io.polyglow.trainer.data;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.common.token.shard.SplitIndex;
import java.util.Arrays;

/**
 * Best-fit packing: a sample is one bin of {@link BestFitPacking}, each shard packed by itself. Fragments of a cut document overlap by one token, so that every
 * token but the first of its document is a target exactly once an epoch.
 */
final class BestFitOrder implements DataOrder {
    private static final int OVERLAP = 1;

    private final String purpose;
    private final long seed;
    private final SplitIndex split;
    private final BestFitPacking[] shards;
    private final long[] firstBin;
    private final int capacity;
    private final boolean documentMask;
    private final Sample counted = new Sample();
    private long epoch = -1;
    private Permutation permutation;

    BestFitOrder(String fingerprint, long seed, SplitIndex split, int timeSteps, boolean documentMask) {
        this.purpose = "data-order-best-fit:" + fingerprint;
        this.seed = seed;
        this.split = split;
        this.documentMask = documentMask;
        this.capacity = timeSteps + 1;
        this.shards = new BestFitPacking[split.shards().size()];
        this.firstBin = new long[shards.length + 1];
        for (int s = 0; s < shards.length; s++) {
            long first = split.firstDocument(s);
            int documents = (int) (split.firstDocument(s + 1) - first);
            shards[s] = BestFitPacking.of(documents, d -> length(first + d), capacity, OVERLAP);
            firstBin[s + 1] = firstBin[s] + shards[s].bins();
        }
        if (samplesPerEpoch() == 0) {
            throw new PolyglowException(
                    ErrorKind.DATA, "the train split has no document of two tokens; use a larger corpus");
        }
        this.permutation = enter(0);
    }

    @Override
    public long samplesPerEpoch() {
        return firstBin[shards.length];
    }

    @Override
    public void get(long index, Sample sample) {
        long wanted = index / samplesPerEpoch();
        if (wanted != epoch) {
            permutation = enter(wanted);
        }
        fill(permutation.apply(index % samplesPerEpoch()), sample);
    }

    private void fill(long bin, Sample sample) {
        int shard = shardOf(bin);
        BestFitPacking packing = shards[shard];
        int within = (int) (bin - firstBin[shard]);
        sample.clear(documentMask);
        for (int piece = 0; piece < packing.pieces(within); piece++) {
            long document = split.firstDocument(shard) + packing.document(within, piece);
            int offset = packing.offset(within, piece, OVERLAP);
            sample.add(split.documentStart(document) + offset, Math.min(capacity, length(document) - offset));
        }
    }

    @Override
    public long targets(long first, int count) {
        long targets = 0;
        for (int i = 0; i < count; i++) {
            get(first + i, counted);
            targets += counted.targets();
        }
        return targets;
    }

    private int length(long document) {
        return (int) (split.documentStart(document + 1) - split.documentStart(document));
    }

    private int shardOf(long bin) {
        int found = Arrays.binarySearch(firstBin, bin);
        int shard = found >= 0 ? found : -found - 2;
        while (firstBin[shard + 1] == firstBin[shard]) {
            shard++;
        }
        return shard;
    }

    private Permutation enter(long wanted) {
        epoch = wanted;
        return new Permutation(samplesPerEpoch(), RandomStream.of(seed, purpose, wanted));
    }
}
