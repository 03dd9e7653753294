package io.polyglow.dataprep.html;

import java.util.List;
import java.util.Set;

/** What goes from a page: parts that are by their names something else than text, and parts of the content that are mostly links or controls. */
final class Pruning {
    /** A part with more than this share of the text stays, whatever it is called. */
    private static final double MOST = 0.4;

    private static final Set<String> LISTS = Set.of("ul", "ol", "dl");
    private static final Set<String> FRAMES = Set.of("div", "section", "table", "form", "header");
    private static final Set<String> LINES = Set.of("p", "h2", "h3", "h4");

    private Pruning() {}

    /** Drops what goes by a name of page furniture. */
    static void byName(List<Box> boxes) {
        int all = boxes.get(0).chars;
        for (Box box : boxes) {
            box.dropped |= box.parent != null && box.chars <= MOST * all && BoxHints.isBoilerplate(box);
        }
        Measure.sum(boxes);
    }

    /** Drops lists of links and the like inside {@code top}. */
    static void byDensity(List<Box> boxes, Box top) {
        for (Box box : boxes) {
            box.inside = box.parent != null && (box.parent == top || box.parent.inside);
            box.dropped |= box.inside && box.chars <= MOST * top.chars && isFurniture(box);
        }
        Measure.sum(boxes);
    }

    /** Readability's conditions, without those on pictures. */
    private static boolean isFurniture(Box box) {
        double links = box.linkDensity();
        if (LINES.contains(box.tag)) {
            return links > 0.8 && box.chars < 200;
        }
        if (box.commas >= 10) {
            return false;
        }
        if (LISTS.contains(box.tag)) {
            return links > 0.5;
        }
        return FRAMES.contains(box.tag)
                && (box.inputs > box.paragraphs / 3 + 1 || links > (box.chars < 25 ? 0.2 : 0.5));
    }
}
