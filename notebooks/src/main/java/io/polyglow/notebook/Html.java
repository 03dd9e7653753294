package io.polyglow.notebook;

import java.util.List;

/** A piece of HTML; a cell that ends with one shows it rendered. */
public record Html(String markup) {
    /** A table with a header row; cells are text and are escaped. */
    public static Html table(List<String> header, List<List<String>> rows) {
        StringBuilder markup = new StringBuilder("<table><thead>");
        appendRow(markup, "th", header);
        markup.append("</thead><tbody>");
        for (List<String> row : rows) {
            appendRow(markup, "td", row);
        }
        return new Html(markup.append("</tbody></table>").toString());
    }

    private static void appendRow(StringBuilder markup, String tag, List<String> cells) {
        markup.append("<tr>");
        for (String cell : cells) {
            markup.append('<').append(tag).append('>').append(escape(cell));
            markup.append("</").append(tag).append('>');
        }
        markup.append("</tr>");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
