package io.polyglow.trainer.data;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;

/**
 * The order in which training sees the corpus: sample i, counted from the first step of the run, is one window of T + 1 tokens of
 * the train split. An epoch visits every window once, in a permutation of its own; its windows begin {@code phase} tokens into the split, so that
 * borders between windows differ from epoch to epoch. All of it is a pure function of (corpus fingerprint, seed, i): any rank can
 * ask for any sample, and a resumed run needs no cursor.
 */
public final class DataOrder {
    private final String purpose;
    private final long seed;
    private final long splitTokens;
    private final int timeSteps;
    private final long windows;
    private long epoch = -1;
    private long phase;
    private Permutation permutation;

    /** The order for a train split of {@code splitTokens} tokens, cut into windows of {@code timeSteps} inputs and as many targets. */
    public DataOrder(String fingerprint, long seed, long splitTokens, int timeSteps) {
        requireSample(splitTokens, timeSteps);
        this.purpose = "data-order:" + fingerprint;
        this.seed = seed;
        this.splitTokens = splitTokens;
        this.timeSteps = timeSteps;
        this.windows = Math.max(1, (splitTokens - timeSteps) / timeSteps);
        this.permutation = enter(0);
    }

    /** Refuses a train split that is too short for one sample. */
    public static void requireSample(long splitTokens, int timeSteps) {
        if (splitTokens < timeSteps + 1L) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "the train split has " + splitTokens + " tokens, but one sample needs " + (timeSteps + 1L)
                            + " (model.context + 1); use a larger corpus or a shorter model.context");
        }
    }

    /** Samples in one epoch. */
    public long samplesPerEpoch() {
        return windows;
    }

    /** First token of sample {@code index} in the train split; the sample has {@code timeSteps + 1} tokens. */
    public long firstToken(long index) {
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
