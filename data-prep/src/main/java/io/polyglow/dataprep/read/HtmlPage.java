package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import io.polyglow.dataprep.html.MainContent;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jsoup.parser.Parser;
import org.jsoup.parser.StreamParser;
import org.jspecify.annotations.Nullable;

/** The main text of a web page, with the language that {@code <html lang>} claims, the name in {@code data-code} and the address in {@code <link rel=canonical>}. */
final class HtmlPage {
    /** How far browsers look for a charset (HTML, 13.2.3.2), and a little more. */
    private static final int META_BYTES = 4096;

    /**
     * Most tags, opening and closing, and comments of a page. Elements take many times the memory of the bytes that they are written with, see docs/design/data-prep-read.md.
     */
    static final int MAX_TAGS = 250_000;

    /** Most elements that they may make: a table has a body whether it has the tag or not. */
    static final int MAX_ELEMENTS = 2 * MAX_TAGS;

    /** Attributes that take the memory of one more element. */
    private static final int ATTRIBUTES_PER_ELEMENT = 16;

    private static final Pattern META_CHARSET = Pattern.compile(
            "(?i)<(?:meta|\\?xml)[^>]{0,200}?(?:charset|encoding)\\s*=\\s*[\"']?\\s*([a-z0-9_:.-]{2,40})");

    private HtmlPage() {}

    /**
     * Reads a page.
     *
     * @param known what is known about it from outside, which wins over what the page says
     * @param charset what the server declared, which wins over {@code <meta>}
     */
    static RawDocument read(Place place, Metadata known, byte[] bytes, @Nullable String charset) {
        Decoded decoded =
                TextDecoder.decode(bytes, TextDecoder.charset(charset) == null ? metaCharset(bytes) : charset);
        int tags = tags(decoded.text());
        if (tags > MAX_TAGS) {
            return RawDocument.rejected(
                    place, "too many tags: " + tags + ", of which a page may have at most " + MAX_TAGS);
        }
        Document page = parse(decoded.text());
        if (page == null) {
            return RawDocument.rejected(
                    place,
                    "too many elements: " + tags + " tags make more than " + MAX_ELEMENTS + ", as unclosed ones do");
        }
        Decoded text = Decoded.chars(MainContent.of(page));
        Element html = page.selectFirst("html");
        Element canonical = page.head().selectFirst("link[rel=canonical]");
        return RawDocument.of(
                place,
                new Metadata(
                        or(known.externalId(), attribute(html, "data-code")),
                        or(known.url(), attribute(canonical, "href")),
                        known.date(),
                        known.language(),
                        or(known.pageLanguage(), attribute(html, "lang"))),
                new Decoded(text.text(), decoded.repairs() + text.repairs(), decoded.mojibakeRepairs()));
    }

    /**
     * The page as browsers see it; null when it has too many elements, which is seen before they are made: a {@code <b>} that is open where a paragraph ends is made again in every
     * paragraph that follows, attributes and all (HTML, 13.2.4.3).
     */
    private static @Nullable Document parse(String html) {
        try (StreamParser parser = new StreamParser(Parser.htmlParser()).parse(html, "")) {
            int elements = 0;
            for (Iterator<Element> made = parser.iterator(); made.hasNext(); ) {
                elements += 1 + made.next().attributesSize() / ATTRIBUTES_PER_ELEMENT;
                if (elements > MAX_ELEMENTS) {
                    return null;
                }
            }
            return parser.document();
        }
    }

    /** How often a tag or a comment may begin in a page; scripts count too where they compare. */
    private static int tags(String html) {
        int tags = 0;
        for (int i = html.indexOf('<'); i >= 0 && i + 1 < html.length(); i = html.indexOf('<', i + 1)) {
            char next = html.charAt(i + 1);
            char letter = (char) (next | 0x20);
            tags += (letter >= 'a' && letter <= 'z') || next == '/' || next == '!' || next == '?' ? 1 : 0;
        }
        return tags;
    }

    private static @Nullable String metaCharset(byte[] bytes) {
        String start = new String(bytes, 0, Math.min(bytes.length, META_BYTES), StandardCharsets.ISO_8859_1);
        Matcher charset = META_CHARSET.matcher(start);
        return charset.find() ? charset.group(1) : null;
    }

    private static @Nullable String or(@Nullable String first, @Nullable String second) {
        return first == null ? second : first;
    }

    private static @Nullable String attribute(@Nullable Element element, String name) {
        String value = element == null ? "" : element.attr(name).strip();
        return value.isEmpty() ? null : value;
    }
}
