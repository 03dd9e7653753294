package io.polyglow.dataprep.read;

import org.jsoup.nodes.Element;
import org.jsoup.nodes.Node;
import org.jsoup.nodes.TextNode;
import org.jsoup.select.NodeVisitor;

/** Text of an element as a reader sees it: runs of white space are one space, blocks and {@code <br>} end a line, no blank lines. */
final class BlockText implements NodeVisitor {
    private final StringBuilder out = new StringBuilder();

    private BlockText() {}

    static String of(Element element) {
        BlockText text = new BlockText();
        element.traverse(text);
        return text.out.toString().strip();
    }

    @Override
    public void head(Node node, int depth) {
        if (node instanceof TextNode text) {
            append(text.getWholeText());
        } else if (endsLine(node)) {
            newline();
        }
    }

    @Override
    public void tail(Node node, int depth) {
        if (endsLine(node)) {
            newline();
        }
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
