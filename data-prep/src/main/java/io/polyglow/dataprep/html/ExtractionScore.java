package io.polyglow.dataprep.html;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How well extracted texts match those that people marked, as scrapinghub/article-extraction-benchmark defines it ({@code evaluate.py}): a text is the multiset of its runs of
 * four tokens, tokens are runs of letters, digits and {@code _}; precision and recall are means over pages, F1 is made of these two.
 */
public final class ExtractionScore {
    private static final Pattern TOKEN = Pattern.compile("[\\p{L}\\p{N}_]+");
    private static final int SHINGLE_TOKENS = 4;

    private double precisions;
    private int predicted;
    private double recalls;
    private int expected;
    private int pages;

    /** Counts one page. */
    public void add(String truth, String found) {
        Map<List<String>, Integer> wanted = shingles(truth);
        Map<List<String>, Integer> got = shingles(found);
        Set<List<String>> all = new HashSet<>(wanted.keySet());
        all.addAll(got.keySet());
        int both = 0;
        int onlyGot = 0;
        int onlyWanted = 0;
        for (List<String> shingle : all) {
            int w = wanted.getOrDefault(shingle, 0);
            int g = got.getOrDefault(shingle, 0);
            both += Math.min(w, g);
            onlyGot += Math.max(0, g - w);
            onlyWanted += Math.max(0, w - g);
        }
        pages++;
        if (both + onlyGot > 0) {
            precisions += (double) both / (both + onlyGot);
            predicted++;
        }
        if (both + onlyWanted > 0) {
            recalls += (double) both / (both + onlyWanted);
            expected++;
        }
    }

    /** Number of pages counted. */
    public int pages() {
        return pages;
    }

    /** Mean share of the extracted runs that are right, over pages with extracted text. */
    public double precision() {
        return precisions / predicted;
    }

    /** Mean share of the marked runs that were extracted, over pages with marked text. */
    public double recall() {
        return recalls / expected;
    }

    /** Harmonic mean of precision and recall. */
    public double f1() {
        return 2 * precision() * recall() / (precision() + recall());
    }

    private static Map<List<String>, Integer> shingles(String text) {
        List<String> tokens = new ArrayList<>();
        for (Matcher token = TOKEN.matcher(text); token.find(); ) {
            tokens.add(token.group());
        }
        Map<List<String>, Integer> counts = new HashMap<>();
        for (int i = 0; i < Math.max(1, tokens.size() - SHINGLE_TOKENS + 1); i++) {
            List<String> shingle = tokens.subList(i, Math.min(tokens.size(), i + SHINGLE_TOKENS));
            if (!shingle.isEmpty()) {
                counts.merge(List.copyOf(shingle), 1, Integer::sum);
            }
        }
        return counts;
    }
}
