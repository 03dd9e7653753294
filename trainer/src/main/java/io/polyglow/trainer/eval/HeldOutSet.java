package io.polyglow.trainer.eval;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.shard.SplitIndex;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The first windows of a held-out split, T tokens apart, and the language of each of their targets: that of the document which the target
 * belongs to. Reads no token, and holds a few bytes a language, however many tokens there are. Many threads may read it.
 */
public final class HeldOutSet {
    /** In the place of a language: the first token of an isolated document, which nothing predicts. */
    static final int NO_TARGET = -1;

    private final SplitIndex split;
    private final int T;
    private final boolean documentMask;
    private final int windows;
    private final List<String> languages;
    private final long[] targetsOfLanguage;

    /** The first {@code sequences} windows of {@code split}, or as many as there are; at least one is needed. {@code documentMask} as for training. */
    public HeldOutSet(SplitIndex split, int sequences, int timeSteps, boolean documentMask) {
        this.split = split;
        this.T = timeSteps;
        this.documentMask = documentMask;
        this.windows = windows(split.name(), split.tokens(), sequences, T);
        SortedMap<String, Long> targets = countTargets();
        this.languages = List.copyOf(targets.keySet());
        this.targetsOfLanguage =
                targets.values().stream().mapToLong(Long::longValue).toArray();
    }

    /** How many windows of T tokens a split of {@code tokens} gives, at most {@code sequences}; refuses one that gives none. */
    public static int windows(String split, long tokens, int sequences, int T) {
        int windows = (int) Math.min(sequences, (tokens - 1) / T);
        if (windows < 1) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "the " + split + " split has " + tokens + " tokens, but evaluation needs at least " + (T + 1L)
                            + " (model.context + 1); prepare the corpus with a larger held-out share, or set evaluate.every: 0");
        }
        return windows;
    }

    /** Targets are tokens 1 to windows * T, without those that nothing predicts. */
    private SortedMap<String, Long> countTargets() {
        SortedMap<String, Long> targets = new TreeMap<>();
        long end = (long) windows * T + 1;
        for (long d = 0; d < split.documents() && split.documentStart(d) < end; d++) {
            long first = Math.max(1, split.documentStart(d) + (documentMask ? 1 : 0));
            long count = Math.min(end, split.documentStart(d + 1)) - first;
            if (count > 0) {
                targets.merge(split.language(d), count, Long::sum);
            }
        }
        return targets;
    }

    /** Number of windows. */
    public int windows() {
        return windows;
    }

    /** Codes of the languages that have targets, sorted. */
    List<String> languages() {
        return languages;
    }

    /** Writes the index of the language of each of a window's T targets to {@code dest}, or {@link #NO_TARGET}. */
    void languages(int window, int[] dest) {
        long first = (long) window * T + 1;
        long end = first + T;
        for (long at = first; at < end; ) {
            long document = split.documentAt(at);
            long next = Math.min(end, split.documentStart(document + 1));
            int language = Collections.binarySearch(languages, split.language(document));
            Arrays.fill(dest, (int) (at - first), (int) (next - first), language);
            if (documentMask && split.documentStart(document) == at) {
                dest[(int) (at - first)] = NO_TARGET;
            }
            at = next;
        }
    }

    long targets(int language) {
        return targetsOfLanguage[language];
    }

    long targets() {
        return Arrays.stream(targetsOfLanguage).sum();
    }
}
