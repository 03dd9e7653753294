package io.polyglow.trainer.data;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.shard.SplitIndex;

/**
 * The order in which training sees the corpus: which tokens sample i is made of, counted from the first step of the run. A pure function of (corpus, seed,
 * packing, i): any rank can ask for any sample, and a resumed run needs no cursor. An epoch visits every sample once, in a permutation of its own.
 */
public interface DataOrder {
    /**
     * The order for a train split, in samples of {@code timeSteps} inputs and as many targets at most.
     *
     * @param documentMask whether documents in one sample are isolated from each other
     */
    static DataOrder of(
            String fingerprint, long seed, SplitIndex split, int timeSteps, Packing packing, boolean documentMask) {
        return packing == Packing.CONCAT
                ? new ConcatOrder(fingerprint, seed, split.tokens(), timeSteps, documentMask ? split : null)
                : new BestFitOrder(fingerprint, seed, split, timeSteps, documentMask);
    }

    /** Refuses a train split that is too short for one sample. */
    static void requireSample(long splitTokens, int timeSteps, Packing packing) {
        long needed = packing == Packing.CONCAT ? timeSteps + 1L : 2;
        if (splitTokens < needed) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "the train split has " + splitTokens + " tokens, but one sample needs " + needed
                            + (packing == Packing.CONCAT ? " (model.context + 1)" : "")
                            + "; use a larger corpus or a shorter model.context");
        }
    }

    /** Samples in one epoch. */
    long samplesPerEpoch();

    /** Tells the tokens of sample {@code index}: at least two, at most {@code timeSteps + 1}. */
    void get(long index, Sample sample);

    /** Targets of samples {@code [first, first + count)}: tokens that have one before them in their sample. */
    long targets(long first, int count);
}
