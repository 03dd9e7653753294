package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A small corpus in which every stage of prepare has something to do: formats, charsets, languages, personal data, duplicates of all kinds, damage. */
final class NastyCorpus {
    private static final List<String> SENTENCES = List.of(
            "All human beings are born free and equal in dignity and rights, and they should act towards one another in a spirit of brotherhood. ",
            "Alle Menschen sind frei und gleich an Würde und Rechten geboren; sie sind mit Vernunft und Gewissen begabt. ",
            "Tous les êtres humains naissent libres et égaux en dignité et en droits, et ils doivent agir dans un esprit de fraternité. ",
            "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью. ",
            "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
            "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
            "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ ต่างมีเหตุผลและมโนธรรม ",
            "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا. ",
            "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है। ",
            "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다. ",
            "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. ",
            "Tüm insanlar hür, haysiyet ve haklar bakımından eşit doğarlar; İSTANBUL'da da öyle. ");

    private static final List<String> POSTS = List.of(
            "Bread rises while the oven warms. Flour and water are all that it needs. We have baked it for years. The crust should be dark. Let it rest for an hour.",
            "Our harbour was built of granite. Ships with wool came to it from the north. That trade is gone. The old crane still stands. Children fish there.",
            "Owls hunt at night and they do it without a sound. Their feathers are soft. A barn is a good home. Mice have to be careful. In spring the eggs hatch.",
            "To learn the violin you have to be patient. Hold the bow with three fingers. Scales come first. The neighbours will complain. Play with others as soon as you can.",
            "Winter came early that year, and the pass was closed. Mail arrived by sledge. We burned the last of the coal. Nobody was afraid. In March the road was open again.");

    private NastyCorpus() {}

    /** Writes the files into a directory. */
    static void write(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("languages.jsonl"), languages());
        Files.writeString(directory.resolve("damaged.jsonl"), damaged());
        Files.writeString(directory.resolve("page.html"), page("Brot backen", "utf-8"));
        Files.write(
                directory.resolve("cyrillic.html"),
                ("<html><head><meta charset=windows-1251><title>Права</title></head><body><p>"
                                + SENTENCES.get(3).repeat(8) + "</p></body></html>")
                        .getBytes(Charset.forName("windows-1251")));
        Files.write(
                directory.resolve("mojibake.txt"),
                new String(SENTENCES.get(2).repeat(6).getBytes(UTF_8), ISO_8859_1).getBytes(UTF_8));
        Files.write(
                directory.resolve("utf16.txt"),
                ("\ufeff" + SENTENCES.get(1).repeat(5)).getBytes(StandardCharsets.UTF_16LE));
        Files.write(
                directory.resolve("binary.txt"), new byte[] {'a', (byte) 0xff, 0, 'b', (byte) 0xc3, '\r', '\n', 'c'});
        Files.writeString(directory.resolve("blank.txt"), " \t\u2003\n\u00a0\n");
        Files.writeString(
                directory.resolve("table.csv"),
                "text,language,id\n\"Quoted, with \"\"quotes\"\" and\na line break. "
                        + SENTENCES.get(0).repeat(3) + "\",en,c1\nshort row\n\"unclosed,en,c3\n");
        Files.write(directory.resolve("crawl.warc"), warc().getBytes(UTF_8));
    }

    private static String languages() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 3 * SENTENCES.size(); i++) {
            String sentence = SENTENCES.get(i % SENTENCES.size());
            line(lines, sentence.repeat(4 + i % 5) + i + "\\n" + sentence.strip() + " " + i * i);
        }
        String english = SENTENCES.get(0);
        String story = story();
        line(lines, story);
        line(lines, story); // equal
        line(lines, story.replace("chapter 40", "chapter forty")); // nearly equal
        line(lines, story.toUpperCase(java.util.Locale.ROOT)); // equal shingles, another text
        line(
                lines,
                english
                        + "Write to jane.doe@example.com or call +49 30 901820, from 93.184.216.34. IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111, SSN 078-05-1120. "
                        + english.repeat(3));
        line(
                lines,
                "Ring 030 901820 oder schreiben Sie an info@beispiel.de. "
                        + SENTENCES.get(1).repeat(5));
        for (String post : POSTS) {
            line(lines, "Subscribe to our newsletter, it is free!\\n" + post);
        }
        line(lines, "lorem ipsum dolor sit amet { javascript } " + english);
        line(lines, "buy now ".repeat(100));
        line(lines, "# ".repeat(60) + "...");
        line(
                lines,
                "The exam asks: which of the following statements about the melting point of pure gallium metal is true today? "
                        + english.repeat(5));
        return lines.toString();
    }

    private static String story() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 60; i++) {
            text.append("In chapter ")
                    .append(i)
                    .append(" the ")
                    .append("captain of ship ".repeat(i % 3 + 1))
                    .append(i * i)
                    .append(" told them that they had to go on. ");
        }
        return text.toString();
    }

    private static void line(StringBuilder lines, String text) {
        lines.append("{\"text\":\"").append(text).append("\"}\n");
    }

    private static String damaged() {
        return "\ufeff{\"text\":\"after a byte order mark " + SENTENCES.get(0) + "\"}\n"
                + "{\"text\": broken\n"
                + "{\"no_text\":\"here\"}\n"
                + "{\"text\":null}\n\n"
                + "{\"text\":\"lone \\ud800 surrogate, NUL \\u0000, e\\u0301 and \\ufb01 \\u212b "
                + SENTENCES.get(0).repeat(3) + "\"}\n"
                + "{\"text\":\"\\ud83d\\ude00 \\ud83e\\udd37\\ud83c\\udffd\\u200d\\u2640\\ufe0f \\u2066rtl\\u2069 \\u1e9e\\u0130\\u0131 \\ua7d0\"}\n"
                + "{\"text\":" + "[".repeat(2000) + "]".repeat(2000) + "}\n";
    }

    private static String page(String title, String charset) {
        return "<!doctype html><html lang=de><head><meta charset=" + charset + "><title>" + title
                + "</title><script>var x = '<p>not text</p>';</script><style>p{color:red}</style></head><body>"
                + "<nav><ul><li><a href=/>Start</a><li><a href=/b>Blog</a><li><a href=/i>Impressum</a></ul></nav><article><h1>"
                + title + "</h1><p>" + SENTENCES.get(1).repeat(4) + "<p>"
                + SENTENCES.get(1).repeat(3)
                + "<table><tr><td>Mehl<td>500&nbsp;g</table><pre>a  &lt;b&gt;</pre><div style='display: none'>unsichtbar</div></article>"
                + "<aside>Werbung</aside>" + "<div>".repeat(300) + "tief"
                + "<footer>&copy; 2026 Alle Rechte vorbehalten</footer></body></html>";
    }

    private static String warc() {
        StringBuilder out = new StringBuilder();
        record(
                out,
                "response",
                "application/http; msgtype=response",
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + page("Aus dem Netz", "utf-8"),
                0);
        record(out, "conversion", "text/plain", SENTENCES.get(4).repeat(6), 0);
        record(
                out,
                "response",
                "application/http; msgtype=response",
                "HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\ngone",
                0);
        record(out, "conversion", "text/plain", SENTENCES.get(8).repeat(4), 7); // says that it is longer than it is
        record(out, "conversion", "text/plain", SENTENCES.get(9).repeat(6), 0);
        return out.toString();
    }

    private static void record(StringBuilder out, String type, String media, String body, int lie) {
        out.append("WARC/1.0\r\nWARC-Type: ")
                .append(type)
                .append("\r\nWARC-Target-URI: https://example.com/")
                .append(out.length())
                .append("\r\nWARC-Date: 2026-01-02T03:04:05Z\r\nWARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-")
                .append(String.format(java.util.Locale.ROOT, "%012d", out.length()))
                .append(">\r\nContent-Type: ")
                .append(media)
                .append("\r\nContent-Length: ")
                .append(body.getBytes(UTF_8).length + lie)
                .append("\r\n\r\n")
                .append(body)
                .append("\r\n\r\n");
    }
}
