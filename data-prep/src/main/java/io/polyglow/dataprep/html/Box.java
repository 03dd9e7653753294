package io.polyglow.dataprep.html;

import java.util.Locale;
import org.jsoup.nodes.Element;
import org.jspecify.annotations.Nullable;

/** An element of the page with what is measured of it. Lengths are in UTF-16 units with runs of white space counted as one. */
final class Box {
    final Element element;
    final @Nullable Box parent;

    /** The nearest block around it. */
    final @Nullable Box blockAround;

    final String tag;
    final boolean isBlock;

    /** Class, id and itemprop in lower case: what the author of the page says the element is for. */
    final String hints;

    /** Text directly in the element, and marks between clauses in it. */
    int ownChars;

    int ownCommas;

    /** Sums over everything inside that is not dropped; see {@link Measure}. */
    int chars;

    int linkChars;
    int commas;
    int paragraphs;
    int inputs;

    /** Text whose nearest block is this one. */
    int flow;

    int flowCommas;
    int flowLinks;
    boolean holdsBlocks;

    /** Points as the frame of the text, see {@link ContentScore}; not a number until a paragraph gives some. */
    double score = Double.NaN;

    /** Not part of the text. */
    boolean dropped;

    /** Inside the frame that was chosen. */
    boolean inside;

    Box(Element element, @Nullable Box parent) {
        this.element = element;
        this.parent = parent;
        this.blockAround = parent == null || parent.isBlock ? parent : parent.blockAround;
        this.tag = element.normalName();
        this.isBlock = element.isBlock();
        this.hints = element.attributesSize() == 0
                ? ""
                : (element.className() + " " + element.id() + " " + element.attr("itemprop")).toLowerCase(Locale.ROOT);
    }

    boolean isLink() {
        return tag.equals("a");
    }

    /** Share of the text that is inside links. */
    double linkDensity() {
        return chars == 0 ? 0 : (double) linkChars / chars;
    }
}
