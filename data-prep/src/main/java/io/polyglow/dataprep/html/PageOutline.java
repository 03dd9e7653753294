package io.polyglow.dataprep.html;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;
import org.jsoup.select.NodeTraversor;
import org.jspecify.annotations.Nullable;

/**
 * The visible elements of a page in document order, each with the text that stands directly in it. Elements that are never text (scripts, forms' controls,
 * hidden parts) are not in it. Built in one pass without recursion, so that nesting costs memory in proportion and no stack.
 */
final class PageOutline implements NodeFilter {
    private static final Set<String> NEVER_TEXT = Set.of(
            "head",
            "script",
            "style",
            "noscript",
            "template",
            "svg",
            "math",
            "button",
            "select",
            "datalist",
            "textarea",
            "iframe",
            "object",
            "embed",
            "applet",
            "audio",
            "video",
            "canvas",
            "dialog",
            "map",
            "link",
            "meta",
            "frameset",
            "progress");

    private final Set<String> leftOut;
    private final List<Box> boxes = new ArrayList<>();
    private @Nullable Box current;

    private PageOutline(Set<String> leftOut) {
        this.leftOut = leftOut;
    }

    /** The boxes of {@code root} and everything visible in it, parents before children; {@code leftOut} are tags whose elements are left out too. */
    static List<Box> of(Element root, Set<String> leftOut) {
        PageOutline outline = new PageOutline(leftOut);
        NodeTraversor.filter(outline, root);
        return outline.boxes;
    }

    @Override
    public FilterResult head(Node node, int depth) {
        if (node instanceof TextNode text) {
            measure(text.getWholeText());
        } else if (node instanceof Element element) {
            if (isNeverText(element)) {
                return FilterResult.SKIP_ENTIRELY;
            }
            current = new Box(element, current);
            boxes.add(current);
        }
        return FilterResult.CONTINUE;
    }

    @Override
    public FilterResult tail(Node node, int depth) {
        if (current != null && node instanceof Element) {
            current = current.parent;
        }
        return FilterResult.CONTINUE;
    }

    private boolean isNeverText(Element element) {
        String tag = element.normalName();
        if (NEVER_TEXT.contains(tag) || leftOut.contains(tag)) {
            return true;
        }
        return element.attributesSize() > 0 && isHidden(element);
    }

    private static boolean isHidden(Element element) {
        if (element.hasAttr("hidden") || element.attr("aria-hidden").equals("true")) {
            return true;
        }
        String style = element.attr("style");
        return !style.isEmpty()
                && style.toLowerCase(Locale.ROOT).replace(" ", "").matches("(?s).*(display:none|visibility:hidden).*");
    }

    private void measure(String text) {
        int chars = 0;
        int commas = 0;
        boolean space = true;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean isSpace = c <= ' ' || c == '\u00A0';
            chars += isSpace && space ? 0 : 1;
            space = isSpace;
            commas += isClauseMark(c) ? 1 : 0;
        }
        if (current != null && chars > 0) {
            current.ownChars += chars;
            current.ownCommas += commas;
        }
    }

    /** Comma and its kin: Latin, Arabic, CJK, Armenian full stop, Ethiopic, Devanagari danda, Khmer, Myanmar, Tibetan. */
    private static boolean isClauseMark(char c) {
        return c == ',' || (c > 0x300 && "،؛，、﹐﹑︐︑՝፣።।॥၊။།៖។⹁".indexOf(c) >= 0);
    }
}
