package io.polyglow.dataprep.html;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which element holds the text: paragraphs score by length and by marks between clauses, and give to the elements around them, less the farther; links count
 * against. The method and its numbers are those of Arc90's and Mozilla's Readability, without its rules on words.
 */
final class ContentScore {
    private static final int PARAGRAPH_CHARS = 25;
    private static final int LEVELS = 5;
    private static final double NEARLY = 0.75;
    private static final int CANDIDATES = 8;
    private static final int FRAMES = 3;
    private static final Set<String> PARAGRAPHS = Set.of("p", "pre", "td", "blockquote", "dd");
    private static final Map<String, Integer> BY_TAG = Map.ofEntries(
            Map.entry("div", 5),
            Map.entry("article", 8),
            Map.entry("main", 8),
            Map.entry("section", 3),
            Map.entry("pre", 3),
            Map.entry("td", 3),
            Map.entry("blockquote", 3),
            Map.entry("ol", -3),
            Map.entry("ul", -3),
            Map.entry("dl", -3),
            Map.entry("dd", -3),
            Map.entry("dt", -3),
            Map.entry("li", -3),
            Map.entry("form", -3),
            Map.entry("address", -3),
            Map.entry("th", -5),
            Map.entry("h1", -5),
            Map.entry("h2", -5),
            Map.entry("h3", -5),
            Map.entry("h4", -5),
            Map.entry("h5", -5),
            Map.entry("h6", -5));

    private ContentScore() {}

    /** The element that holds the text; the first box when no paragraph stands out. */
    static Box top(List<Box> boxes) {
        for (Box box : boxes) {
            if (!box.dropped && box.isBlock && box.flow - box.flowLinks >= PARAGRAPH_CHARS) {
                give(box);
            }
        }
        Box top = boxes.get(0);
        double best = 0;
        for (Box box : boxes) {
            if (!Double.isNaN(box.score) && !box.dropped) {
                box.score *= 1 - box.linkDensity();
                if (box.score > best) {
                    best = box.score;
                    top = box;
                }
            }
        }
        return widen(framed(boxes, top, best));
    }

    private static void give(Box paragraph) {
        double points = 1 + paragraph.flowCommas + Math.min(paragraph.flow / 100, 3);
        boolean itself = !PARAGRAPHS.contains(paragraph.tag) && paragraph.holdsBlocks;
        Box to = itself ? paragraph : paragraph.blockAround;
        for (int level = 0; to != null && level < LEVELS; level++, to = to.blockAround) {
            if (Double.isNaN(to.score)) {
                to.score = BY_TAG.getOrDefault(to.tag, 0)
                        + (BoxHints.isArticleBody(to) ? 25 : BoxHints.isContent(to) ? 15 : 0);
            }
            to.score += points / (level == 0 ? 1 : level == 1 ? 2 : level * 3);
        }
    }

    /**
     * The nearest element around {@code top} that holds several boxes that score almost as high: one text in several frames. The body is not one, since on it stands everything else, but
     * what the page marks as its main part is.
     */
    private static Box framed(List<Box> boxes, Box top, double best) {
        Map<Box, Integer> held = new HashMap<>();
        boxes.stream()
                .filter(box -> !box.dropped && box.score >= NEARLY * best)
                .sorted(Comparator.comparingDouble((Box box) -> -box.score))
                .limit(CANDIDATES)
                .forEach(box -> {
                    for (Box around = box.parent; around != null; around = around.parent) {
                        held.merge(around, 1, Integer::sum);
                    }
                });
        for (Box around = top.parent; around != null && !around.tag.equals("body"); around = around.parent) {
            if (held.getOrDefault(around, 0) >= FRAMES) {
                return around;
            }
        }
        return top;
    }

    /** A parent that scores higher or has nothing else is the better frame: text split over several sections of one article. */
    private static Box widen(Box top) {
        double last = top.score;
        double threshold = last / 3;
        Box box = top.parent;
        while (box != null && box.parent != null && !Double.isNaN(box.score) && box.score >= threshold) {
            if (box.score > last) {
                return box;
            }
            last = box.score;
            box = box.parent;
        }
        return top;
    }
}
