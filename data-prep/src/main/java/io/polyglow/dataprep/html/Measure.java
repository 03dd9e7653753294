package io.polyglow.dataprep.html;

import java.util.List;

/** Sums what is inside each box, bottom up. */
final class Measure {
    private Measure() {}

    /** Sets the sums of all boxes; what is inside a dropped box is dropped, and counts for nothing above it. */
    static void sum(List<Box> boxes) {
        for (Box box : boxes) {
            box.dropped |= box.parent != null && box.parent.dropped;
            reset(box);
        }
        for (int i = boxes.size() - 1; i >= 0; i--) {
            Box box = boxes.get(i);
            if (!box.dropped && box.parent != null) {
                add(box.parent, box);
            }
        }
    }

    private static void reset(Box box) {
        box.chars = box.flow = box.ownChars;
        box.commas = box.flowCommas = box.ownCommas;
        box.linkChars = box.flowLinks = box.paragraphs = box.inputs = 0;
        box.holdsBlocks = false;
    }

    private static void add(Box parent, Box box) {
        int links = box.isLink() ? box.chars : box.linkChars;
        parent.chars += box.chars;
        parent.linkChars += links;
        parent.commas += box.commas;
        parent.paragraphs += box.paragraphs + (box.tag.equals("p") ? 1 : 0);
        parent.inputs += box.inputs + (box.tag.equals("input") ? 1 : 0);
        if (!box.isBlock) {
            parent.flow += box.flow;
            parent.flowCommas += box.flowCommas;
            parent.flowLinks += box.isLink() ? box.flow : box.flowLinks;
        }
        parent.holdsBlocks |= box.chars > 0 && (box.isBlock || box.holdsBlocks);
    }
}
