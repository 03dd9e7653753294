package io.polyglow.trainer.data;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.common.token.shard.SplitIndex;
import org.jspecify.annotations.Nullable;

/**
 * Concat-and-chunk: a sample is one window of T + 1 tokens of the split. The windows of an epoch begin {@code phase} tokens into the split, so that borders
 * between windows differ from epoch to epoch.
 */
final class ConcatOrder implements DataOrder {
    private final String purpose;
    private final long seed;
    private final long splitTokens;
    private final @Nullable SplitIndex isolated;
    private final Sample counted = new Sample();
    private final int timeSteps;
    private final long windows;
    private long epoch = -1;
    private long phase;
    private Permutation permutation;

    /** {@code isolated} are the documents of the split when they must not see each other, else null. */
    ConcatOrder(String fingerprint, long seed, long splitTokens, int timeSteps, @Nullable SplitIndex isolated) {
        DataOrder.requireSample(splitTokens, timeSteps, Packing.CONCAT);
        this.purpose = "data-order:" + fingerprint;
        this.seed = seed;
        this.splitTokens = splitTokens;
        this.isolated = isolated;
        this.timeSteps = timeSteps;
        this.windows = Math.max(1, (splitTokens - timeSteps) / timeSteps);
        this.permutation = enter(0);
    }

    @Override
    public long samplesPerEpoch() {
        return windows;
    }

    @Override
    public void get(long index, Sample sample) {
        sample.clear(isolated != null);
        if (isolated != null) {
            sample.addByDocument(isolated, firstToken(index), timeSteps + 1);
        } else {
            sample.add(firstToken(index), timeSteps + 1);
        }
    }

    @Override
    public long targets(long first, int count) {
        if (isolated == null) {
            return (long) count * timeSteps;
        }
        long targets = 0;
        for (int i = 0; i < count; i++) {
            get(first + i, counted);
            targets += counted.targets();
        }
        return targets;
    }

    /** First token of sample {@code index} in the train split; the sample has {@code timeSteps + 1} tokens. */
    long firstToken(long index) {
        long wanted = index / windows;
        if (wanted != epoch) {
            permutation = enter(wanted);
        }
        return phase + permutation.apply(index % windows) * timeSteps;
    }

    private Permutation enter(long wanted) {
        RandomStream random = RandomStream.of(seed, purpose, wanted);
        epoch = wanted;
        long slack = splitTokens - windows * timeSteps;
        phase = random.nextInt((int) Math.min(timeSteps, slack));
        return new Permutation(windows, random);
    }
}
