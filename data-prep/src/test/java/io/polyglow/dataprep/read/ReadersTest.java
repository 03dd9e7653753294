package io.polyglow.dataprep.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class ReadersTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 1000);

    @Test
    void shouldReadTextAndMetadataOfJsonLines() {
        List<RawDocument> documents =
                jsonl("{\"text\":\"eins\",\"language\":\"de\",\"id\":7,\"url\":\"http://a/\"}\n\n{\"text\":\"two\"}\n");

        assertThat(documents)
                .containsExactly(
                        RawDocument.of(
                                new Place("f.jsonl", 1, 0),
                                new Metadata("7", "http://a/", null, "de"),
                                new Decoded("eins", 0, 0)),
                        RawDocument.of(new Place("f.jsonl", 3, 58), new Decoded("two", 0, 0)));
    }

    @Test
    void shouldRejectMalformedJsonLinesWithPlaceAndReason() {
        List<RawDocument> documents =
                jsonl("{\"text\":\"a\"}\n{\"text\": \n[1]\n{\"body\":\"x\"}\n{\"text\":5}\n{\"text\":\"b\"}");

        assertThat(documents)
                .extracting(document -> document.place().toString())
                .containsExactly("f.jsonl:1", "f.jsonl:2", "f.jsonl:3", "f.jsonl:4", "f.jsonl:5", "f.jsonl:6");
        assertThat(documents.get(1).rejected()).startsWith("malformed JSON: ");
        assertThat(documents.get(2).rejected()).startsWith("malformed JSON: ").contains("expected a JSON object");
        assertThat(documents.get(3).rejected()).contains("no text").contains("\"text\"");
        assertThat(documents.get(4).rejected()).contains("no text");
        assertThat(documents.get(5).text()).isEqualTo("b");
    }

    @Test
    void shouldRejectAndGoOnWhenALineIsTooLarge() {
        List<RawDocument> documents = jsonl("{\"text\":\"" + "x".repeat(2000) + "\"}\n{\"text\":\"b\"}");

        assertThat(documents.get(0).rejected()).isEqualTo("too large: 2011 bytes, limits.document-bytes is 1000");
        assertThat(documents.get(1).text()).isEqualTo("b");
    }

    @Test
    void shouldRepairInvalidUtf8AndNulInJsonLines() {
        byte[] line = "{\"text\":\"a?b\\u0000c\\ud800\"}".getBytes(StandardCharsets.UTF_8);
        line[10] = (byte) 0xff;

        RawDocument document = jsonl(line).get(0);

        assertThat(document.text()).isEqualTo("a\uFFFDbc\uFFFD");
        assertThat(document.repairs()).isEqualTo(3);
    }

    @Test
    void shouldRejectTheRestOfATruncatedGzipFile() throws IOException {
        byte[] whole = gzip("{\"text\":\"a\"}\n".repeat(20_000));
        byte[] half = Arrays.copyOf(whole, whole.length / 2);

        List<RawDocument> documents = documents(Format.JSONL, Compression.GZIP.open(new ByteArrayInputStream(half)));

        assertThat(documents).hasSizeGreaterThan(1);
        assertThat(documents.get(documents.size() - 1).rejected()).startsWith("damaged: ");
        assertThat(documents.subList(0, documents.size() - 1)).allMatch(document -> "a".equals(document.text()));
    }

    @Test
    void shouldReadZstd() throws IOException {
        byte[] bytes = com.github.luben.zstd.Zstd.compress("{\"text\":\"a\"}\n".getBytes(StandardCharsets.UTF_8));

        assertThat(documents(Format.JSONL, Compression.ZSTD.open(new ByteArrayInputStream(bytes))))
                .extracting(RawDocument::text)
                .containsExactly("a");
    }

    @Test
    void shouldReadAFileAsOneDocument() throws IOException {
        assertThat(file(Format.TEXT, "\uFEFFone\ntwo\n", StandardCharsets.UTF_8))
                .isEqualTo(RawDocument.of(Place.ofFile("f"), new Decoded("one\ntwo\n", 0, 0)));
        assertThat(file(Format.TEXT, "x".repeat(1001), StandardCharsets.UTF_8).rejected())
                .startsWith("too large: more than 1000");
    }

    @Test
    void shouldReadMainTextAndMetadataOfHtml() throws IOException {
        String page =
                "<!doctype html><html lang=smn data-code=060><head><title>T</title><style>x</style></head><body><nav>menu</nav>"
                        + "<header><h1>Head\n  line</h1></header><p>One <b>bold</b> word.<br>Next&nbsp;line &amp; more<ul><li>a<li>b</ul>"
                        + "<script>var x;</script><footer>foot</footer>";

        RawDocument document = file(Format.HTML, page, StandardCharsets.UTF_8);

        assertThat(document.text()).isEqualTo("Head line\nOne bold word.\nNext\u00A0line & more\na\nb");
        assertThat(document.metadata().pageLanguage()).isEqualTo("smn");
        assertThat(document.metadata().language()).isNull();
        assertThat(document.metadata().externalId()).isEqualTo("060");
    }

    @Test
    void shouldPreferTheMainElementOfAPage() throws IOException {
        assertThat(file(Format.HTML, "<body><p>around</p><main><p>inside</main>", StandardCharsets.UTF_8)
                        .text())
                .isEqualTo("inside");
    }

    @Test
    void shouldDecodeHtmlAsItDeclares() throws IOException {
        RawDocument document =
                file(Format.HTML, "<meta charset=windows-1251><p>привет</p>", Charset.forName("windows-1251"));

        assertThat(document.text()).isEqualTo("привет");
        assertThat(document.repairs()).isZero();
    }

    @Test
    void shouldSurviveTagSoup() throws IOException {
        assertThat(file(Format.HTML, "</p><<div a='<p>x<table><td>y", StandardCharsets.UTF_8)
                        .rejected())
                .isNull();
    }

    @Test
    void shouldDetectFormatAndCompressionByName() {
        assertThat(Format.ofName("a/b.JSONL.gz")).contains(Format.JSONL);
        assertThat(Format.ofName("b.parquet")).contains(Format.PARQUET);
        assertThat(Format.ofName("README")).isEmpty();
        assertThat(Compression.ofName("x.txt.zst")).isEqualTo(Compression.ZSTD);
    }

    private static RawDocument file(Format format, String content, Charset charset) throws IOException {
        return Readers.readFile(
                        format, Compression.NONE, "f", new ByteArrayInputStream(content.getBytes(charset)), OPTIONS)
                .next();
    }

    private static List<RawDocument> jsonl(String content) {
        return jsonl(content.getBytes(StandardCharsets.UTF_8));
    }

    private static List<RawDocument> jsonl(byte[] content) {
        return documents(Format.JSONL, new ByteArrayInputStream(content));
    }

    private static List<RawDocument> documents(Format format, InputStream in) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readLines(format, StandardCharsets.UTF_8, new Place("f.jsonl", 1, 0), in, Long.MAX_VALUE, OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }
}
