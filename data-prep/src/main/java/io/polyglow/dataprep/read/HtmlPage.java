package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.jspecify.annotations.Nullable;

/** The main text of a web page, with the language of {@code <html lang>} and the name in {@code data-code}. */
final class HtmlPage {
    private static final String NOT_CONTENT =
            "script,style,noscript,template,svg,math,nav,aside,footer,form,button,select,iframe,object,[hidden],[aria-hidden=true]";

    private HtmlPage() {}

    static RawDocument read(String source, byte[] bytes) {
        Decoded decoded = Decoded.utf8(bytes, 0, bytes.length);
        Document page = decoded.repairs() == 0 ? Jsoup.parse(decoded.text()) : parseAsDeclared(bytes);
        boolean isUtf8 = page.charset().equals(StandardCharsets.UTF_8);
        Decoded text = Decoded.chars(mainText(page));
        Element html = page.selectFirst("html");
        return new RawDocument(
                source,
                0,
                attribute(html, "data-code"),
                attribute(html, "lang"),
                text.text(),
                (isUtf8 ? decoded.repairs() : 0) + text.repairs(),
                null);
    }

    /** Not UTF-8: let jsoup look for a byte order mark or a {@code <meta charset>}. */
    private static Document parseAsDeclared(byte[] bytes) {
        try {
            return Jsoup.parse(new ByteArrayInputStream(bytes), null, "");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String mainText(Document page) {
        page.select(NOT_CONTENT).remove();
        Element main = page.selectFirst("main,[role=main],article:only-of-type");
        String text = main == null ? "" : BlockText.of(main);
        return text.isEmpty() ? BlockText.of(page.body()) : text;
    }

    private static @Nullable String attribute(@Nullable Element element, String name) {
        String value = element == null ? "" : element.attr(name).strip();
        return value.isEmpty() ? null : value;
    }
}
