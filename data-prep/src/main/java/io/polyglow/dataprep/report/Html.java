package io.polyglow.dataprep.report;

/** Text that becomes part of a page: tags are written by us alone, everything else is escaped. */
final class Html {
    private final StringBuilder page = new StringBuilder();

    /** Appends markup as it is. */
    Html raw(String markup) {
        page.append(markup);
        return this;
    }

    /** Appends text, so that no character of it means anything to a browser; control characters become spaces. */
    Html text(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '<' -> page.append("&lt;");
                case '>' -> page.append("&gt;");
                case '&' -> page.append("&amp;");
                case '"' -> page.append("&quot;");
                case '\'' -> page.append("&#39;");
                case '\n', '\t' -> page.append(c);
                default -> page.append(c < ' ' ? ' ' : c);
            }
        }
        return this;
    }

    /** {@code <tag class=style>text</tag>}; an empty style is left out. */
    Html element(String tag, String style, String text) {
        raw("<" + tag + (style.isEmpty() ? "" : " class=\"" + style + "\"") + ">");
        return text(text).raw("</" + tag + ">");
    }

    @Override
    public String toString() {
        return page.toString();
    }
}
