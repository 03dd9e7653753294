package io.polyglow.trainer.eval;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.shard.TokenSplit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;

/**
 * The first windows of a held-out split, T tokens apart, and the language of each of their targets: that of the document which the target
 * belongs to. Many threads may read it.
 */
public final class HeldOutSet {
    private static final short NO_TARGET = -1;

    private final int T;
    private final int windows;
    private final List<String> languages;
    private final short[] languageOfTarget;
    private final long[] targetsOfLanguage;

    /** The first {@code sequences} windows of {@code split}, or as many as there are; at least one is needed. {@code documentMask} as for training. */
    public HeldOutSet(TokenSplit split, int sequences, int timeSteps, boolean documentMask) {
        this.T = timeSteps;
        this.windows = windows(split.name(), split.tokens(), sequences, T);
        this.languages = languages(split);
        this.languageOfTarget = new short[Math.multiplyExact(windows, T)];
        this.targetsOfLanguage = new long[languages.size()];
        long document = 0;
        for (int i = 0; i < languageOfTarget.length; i++) {
            while (document + 1 < split.documents() && split.documentStart(document + 1) <= i + 1L) {
                document++;
            }
            if (documentMask && split.documentStart(document) == i + 1L) {
                languageOfTarget[i] = NO_TARGET;
                continue;
            }
            int language = Collections.binarySearch(languages, split.language(document));
            languageOfTarget[i] = (short) language;
            targetsOfLanguage[language]++;
        }
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

    private List<String> languages(TokenSplit split) {
        TreeSet<String> found = new TreeSet<>();
        for (long d = 0; d < split.documents() && split.documentStart(d) <= (long) windows * T; d++) {
            found.add(split.language(d));
        }
        return new ArrayList<>(found);
    }

    /** Number of windows. */
    public int windows() {
        return windows;
    }

    /** Codes of the languages, sorted. */
    List<String> languages() {
        return languages;
    }

    /** Index of the language of a target of a window; negative when that is the first token of an isolated document, which nothing predicts. */
    int language(int window, int target) {
        return languageOfTarget[window * T + target];
    }

    long targets(int language) {
        return targetsOfLanguage[language];
    }

    long targets() {
        return Arrays.stream(targetsOfLanguage).sum();
    }
}
