package io.polyglow.dataprep.html;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeFilter;
import org.jsoup.select.NodeTraversor;

/** Text as a reader sees it: runs of white space are one space, blocks and {@code <br>} end a line, no blank lines. */
final class BoxText implements NodeFilter {
    private final StringBuilder out = new StringBuilder();
    private final Set<Element> kept;

    private BoxText(Set<Element> kept) {
        this.kept = kept;
    }

    /** The text of {@code root} without what was dropped. */
    static String of(List<Box> boxes, Box root) {
        Set<Element> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        boxes.stream().filter(box -> !box.dropped).forEach(box -> kept.add(box.element));
        BoxText text = new BoxText(kept);
        NodeTraversor.filter(text, root.element);
        return text.out.toString().strip();
    }

    @Override
    public FilterResult head(Node node, int depth) {
        if (node instanceof Element element && !kept.contains(element)) {
            return FilterResult.SKIP_ENTIRELY;
        }
        if (node instanceof TextNode text) {
            append(text.getWholeText());
        } else if (endsLine(node)) {
            newline();
        }
        return FilterResult.CONTINUE;
    }

    @Override
    public FilterResult tail(Node node, int depth) {
        if (endsLine(node)) {
            newline();
        }
        return FilterResult.CONTINUE;
    }

    private static boolean endsLine(Node node) {
        return node instanceof Element element
                && (element.isBlock() || element.normalName().equals("br"));
    }

    private void append(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
                space();
            } else {
                out.append(c);
            }
        }
    }

    private void space() {
        if (last() != ' ' && last() != '\n') {
            out.append(' ');
        }
    }

    private void newline() {
        while (last() == ' ') {
            out.setLength(out.length() - 1);
        }
        if (last() != '\n') {
            out.append('\n');
        }
    }

    /** The last character; a newline before the first, so that texts do not begin with white space. */
    private char last() {
        return out.isEmpty() ? '\n' : out.charAt(out.length() - 1);
    }
}
