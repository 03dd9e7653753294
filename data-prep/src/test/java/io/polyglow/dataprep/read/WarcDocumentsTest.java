package io.polyglow.dataprep.read;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

class WarcDocumentsTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 5000);
    private static final String PARAGRAPH =
            "All human beings are born free and equal in dignity and rights, they are endowed with reason and conscience. "
                    .repeat(3);

    @Test
    void shouldReadPagesAndConversionsWithTheirMetadata() {
        byte[] file = join(
                record("warcinfo", "application/warc-fields", "software: test\r\n"),
                record("request", "application/http;msgtype=request", "GET / HTTP/1.1\r\n\r\n"),
                page("<html lang=en><nav>menu, menu</nav><p>" + PARAGRAPH),
                record("conversion", "text/plain", "ein Text", "WARC-Identified-Content-Language: deu,eng"));

        List<RawDocument> documents = plain(file);

        assertThat(documents).hasSize(2);
        RawDocument page = documents.get(0);
        assertThat(page.text()).isEqualTo(PARAGRAPH.strip());
        assertThat(page.place().toString()).isEqualTo("f.warc:3");
        assertThat(page.metadata().url()).isEqualTo("http://example.org/a?b=c d");
        assertThat(page.metadata().date()).isEqualTo("2024-05-01T12:00:00Z");
        assertThat(page.metadata().externalId()).isEqualTo("<urn:uuid:1>");
        assertThat(page.metadata().pageLanguage()).isEqualTo("en");
        assertThat(documents.get(1).text()).isEqualTo("ein Text");
        assertThat(documents.get(1).metadata().pageLanguage()).isEqualTo("deu");
        assertThat(documents.get(1).metadata().language()).isNull();
        assertThat(text(file, documents.get(1).place().offset())).startsWith("WARC/1.0\r\nWARC-Type: conversion");
    }

    @Test
    void shouldGiveOffsetsOfGzipMembers() throws IOException {
        byte[] first = gzip(page("<p>" + PARAGRAPH));
        byte[] second = gzip(record("conversion", "text/plain", "two"));

        List<RawDocument> documents = gzipped(join(first, second));

        assertThat(documents).extracting(document -> document.place().offset()).containsExactly(0L, (long)
                first.length);
        assertThat(documents.get(1).text()).isEqualTo("two");
    }

    @Test
    void shouldReadAFileThatIsOneMemberWithAllRecords() throws IOException {
        byte[] file = gzip(join(record("conversion", "text/plain", "one"), record("conversion", "text/plain", "two")));

        assertThat(gzipped(file)).extracting(RawDocument::text).containsExactly("one", "two");
    }

    @Test
    void shouldSayWhyAResponseHasNoText() {
        assertThat(reasons(plain(join(
                        response("HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n\r\n<p>gone", ISO_8859_1),
                        response("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nPNG", ISO_8859_1),
                        response("no HTTP at all", ISO_8859_1)))))
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo("no text: HTTP status 404"),
                        second -> assertThat(second).isEqualTo("no text: image/png"),
                        third -> assertThat(third).startsWith("malformed WARC: "));
    }

    @Test
    void shouldDecodeAPageAsTheServerDeclares() {
        byte[] file = response(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=windows-1251\r\n\r\n<meta charset=koi8-r><p>"
                        + "Все люди рождаются свободными. ".repeat(12),
                Charset.forName("windows-1251"));

        assertThat(plain(file).get(0).text()).startsWith("Все люди рождаются свободными.");
    }

    @Test
    void shouldUnpackChunksAndContentEncodings() throws IOException {
        byte[] packed = gzip(("<p>" + PARAGRAPH).getBytes(UTF_8));
        byte[] http = join(
                ("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"
                                + Integer.toHexString(packed.length) + "\r\n")
                        .getBytes(UTF_8),
                packed,
                "\r\n0\r\n\r\n".getBytes(UTF_8));

        assertThat(plain(record("response", "application/http; msgtype=response", http, http.length))
                        .get(0)
                        .text())
                .isEqualTo(PARAGRAPH.strip());
    }

    @Test
    void shouldReportFalseLengthsAndGoOn() {
        byte[] good = record("conversion", "text/plain", "good");
        byte[] body = "a body of 22 characters".getBytes(UTF_8);
        for (long length : new long[] {3, 40, 400, 4_000_000_000L}) {
            byte[] file = join(good, record("conversion", "text/plain", body, length), good);

            List<RawDocument> documents = plain(file);

            assertThat(documents)
                    .as("Content-Length " + length)
                    .extracting(RawDocument::text)
                    .containsExactly("good", null, "good");
            assertThat(documents.get(1).rejected()).startsWith("false length: Content-Length is " + length);
            assertThat(documents.get(1).place().toString()).isEqualTo("f.warc:2");
        }
    }

    @Test
    void shouldReportGarbageBetweenRecordsAndGoOn() {
        byte[] good = record("conversion", "text/plain", "good");

        List<RawDocument> documents = plain(join(
                "garbage\r\n".getBytes(UTF_8),
                good,
                "WARC/1.0\r\nWARC-Type: conversion\r\n\r\n".getBytes(UTF_8),
                good));

        assertThat(documents).extracting(RawDocument::text).containsExactly(null, "good", null, "good");
        assertThat(reasons(documents).get(0)).startsWith("malformed WARC: ").contains("belong to no record");
        assertThat(reasons(documents).get(1)).contains("no Content-Length");
    }

    @Test
    void shouldReportDamagedMembersAndGoOnWithTheNext() throws IOException {
        byte[] good = gzip(record("conversion", "text/plain", "good"));
        byte[] other = gzip(record("conversion", "text/plain", PARAGRAPH));
        byte[] cut = Arrays.copyOf(other, other.length / 2);
        byte[] flipped = other.clone();
        flipped[other.length / 2] ^= 0x55;
        byte[] wrongSum = other.clone();
        wrongSum[other.length - 5] ^= 1;

        for (byte[] bad : List.of(cut, flipped, wrongSum, "not gzip".getBytes(UTF_8))) {
            List<RawDocument> documents = gzipped(join(good, bad, good));

            assertThat(documents)
                    .extracting(RawDocument::text)
                    .startsWith("good")
                    .endsWith("good");
            RawDocument rejected = documents.stream()
                    .filter(d -> d.rejected() != null)
                    .findFirst()
                    .orElseThrow();
            assertThat(rejected.rejected()).startsWith("damaged: ");
            assertThat(rejected.place().offset()).isEqualTo(good.length);
        }
        assertThat(reasons(gzipped(join(good, cut)))).singleElement().asString().contains("the file ends inside it");
    }

    @Test
    void shouldRejectRecordsBeyondTheLimitInBoundedMemory() throws IOException {
        byte[] good = record("conversion", "text/plain", "good");
        byte[] large = record("conversion", "text/plain", "x".repeat(6000));

        assertThat(plain(join(good, large, good)))
                .extracting(d -> d.rejected() == null ? d.text() : d.rejected())
                .containsExactly("good", "too large: 6000 bytes, limits.document-bytes is 5000", "good");
        assertThat(gzipped(join(gzip(good), gzip(large), gzip(good))))
                .extracting(RawDocument::text)
                .containsExactly("good", null, "good");
    }

    @Test
    void shouldReadACutOffFileUpToTheCut() {
        byte[] good = record("conversion", "text/plain", "good");
        List<RawDocument> documents = plain(join(good, Arrays.copyOf(good, good.length - 6)));

        assertThat(documents).extracting(RawDocument::text).containsExactly("good", null);
        assertThat(documents.get(1).rejected()).startsWith("damaged: the file ends after 2 of the record's 4 bytes");
    }

    static byte[] page(String html) {
        return response("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + html, UTF_8);
    }

    static byte[] response(String http, Charset charset) {
        byte[] body = http.getBytes(charset);
        return record("response", "application/http; msgtype=response", body, body.length);
    }

    static byte[] record(String type, String contentType, String body, String... headers) {
        byte[] bytes = body.getBytes(UTF_8);
        return record(type, contentType, bytes, bytes.length, headers);
    }

    private static byte[] record(String type, String contentType, byte[] body, long length, String... headers) {
        String head = "WARC/1.0\r\nWARC-Type: " + type
                + "\r\nWARC-Record-ID: <urn:uuid:1>\r\nWARC-Date: 2024-05-01T12:00:00Z\r\n"
                + "WARC-Target-URI: http://example.org/a?b=c d\r\nContent-Type: " + contentType + "\r\n"
                + String.join("", Arrays.stream(headers).map(h -> h + "\r\n").toList())
                + "Content-Length: " + length + "\r\n\r\n";
        return join(head.getBytes(UTF_8), body, "\r\n\r\n".getBytes(UTF_8));
    }

    static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Arrays.stream(parts).forEach(out::writeBytes);
        return out.toByteArray();
    }

    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    private static String text(byte[] file, long offset) {
        return new String(file, (int) offset, file.length - (int) offset, UTF_8);
    }

    private static List<String> reasons(List<RawDocument> documents) {
        return documents.stream()
                .map(RawDocument::rejected)
                .filter(reason -> reason != null)
                .toList();
    }

    private static List<RawDocument> plain(byte[] file) {
        return read(Compression.NONE, file);
    }

    private static List<RawDocument> gzipped(byte[] file) {
        return read(Compression.GZIP, file);
    }

    private static List<RawDocument> read(Compression compression, byte[] file) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(Format.WARC, compression, "f.warc", new ByteArrayInputStream(file), OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }
}
