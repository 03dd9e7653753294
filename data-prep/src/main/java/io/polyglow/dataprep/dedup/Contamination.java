package io.polyglow.dataprep.dedup;

import io.polyglow.dataprep.dedup.EvaluationIndex.Hit;
import io.polyglow.dataprep.doc.Edit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a document's hits lead to. Cutting follows GPT-3 (Brown et al. 2020, appendix C): 200 characters on each side of a hit go, and a document in more
 * than ten pieces goes altogether.
 *
 * @param reason why the document is left out, or null
 * @param edits what is cut out of it otherwise
 */
public record Contamination(@Nullable String reason, List<Edit> edits) {
    /** The kind of the reason. */
    public static final String KIND = "contaminated";

    /** Decides on a document with hits, or without. */
    public static Contamination decide(String text, List<Hit> hits, DecontaminationConfig config) {
        return switch (config.action()) {
            case REPORT -> new Contamination(null, List.of());
            case DROP -> drop(hits, config.allowedHits());
            case CUT -> cut(text, hits, config);
        };
    }

    private static Contamination drop(List<Hit> hits, int allowed) {
        int ngrams = hits.stream().mapToInt(Hit::ngrams).sum();
        return new Contamination(
                ngrams > allowed ? because(hits, ngrams + " n-grams, " + allowed + " allowed") : null, List.of());
    }

    private static Contamination cut(String text, List<Hit> hits, DecontaminationConfig config) {
        List<Edit> edits = windows(text, hits, config.windowCharacters());
        return edits.size() > config.maxCuts()
                ? new Contamination(
                        because(hits, edits.size() + " places, " + config.maxCuts() + " may be cut"), List.of())
                : new Contamination(null, edits);
    }

    private static String because(List<Hit> hits, String count) {
        return KIND + ": " + hits.get(0).set() + " " + hits.get(0).item() + " (" + count + ")";
    }

    /** Windows that overlap are one. What is left on both sides does not run together. */
    private static List<Edit> windows(String text, List<Hit> hits, int characters) {
        List<Hit> sorted = new ArrayList<>(hits);
        sorted.sort(Comparator.comparingInt(Hit::start));
        List<int[]> windows = new ArrayList<>();
        for (Hit hit : sorted) {
            int start = whole(text, Math.max(0, hit.start() - characters));
            int end = whole(text, Math.min(text.length(), hit.end() + characters));
            int[] last = windows.isEmpty() ? new int[] {0, -1} : windows.get(windows.size() - 1);
            if (start <= last[1]) {
                last[1] = Math.max(last[1], end);
            } else {
                windows.add(new int[] {start, end});
            }
        }
        return windows.stream()
                .map(window -> new Edit(window[0], window[1], window[0] == 0 || window[1] == text.length() ? "" : "\n"))
                .toList();
    }

    /** Never between the halves of a surrogate pair. */
    private static int whole(String text, int at) {
        boolean inside = at > 0
                && at < text.length()
                && Character.isHighSurrogate(text.charAt(at - 1))
                && Character.isLowSurrogate(text.charAt(at));
        return inside ? at - 1 : at;
    }
}
