package io.polyglow.dataprep.read;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Input that was made to break a reader: each piece is rejected with place and reason, the rest of the file is kept, memory stays bounded. */
class HostileInputTest {
    private static final int MIB = 1 << 20;
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 16 * MIB);

    @TempDir
    Path directory;

    @Test
    void shouldRejectJsonNestedAHundredThousandTimes() {
        String deep = "{\"text\":\"x\",\"a\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}\n";

        List<RawDocument> documents =
                read(Format.JSONL, Compression.NONE, (deep + "{\"text\":\"good\"}\n").getBytes(UTF_8));

        assertThat(documents.get(0).rejected()).startsWith("malformed JSON: ");
        assertThat(documents.get(1).text()).isEqualTo("good");
    }

    @Test
    void shouldKeepRightToLeftTextAndRepairWhatIsNoText() {
        String line = "{\"text\":\"\u202Bשלום\u202C a\\u0000b\uFEFFc \\udc00 \\ud83d\\ude00\"}\n";

        RawDocument document =
                read(Format.JSONL, Compression.NONE, line.getBytes(UTF_8)).get(0);

        assertThat(document.text()).isEqualTo("\u202Bשלום\u202C abc \uFFFD 😀");
        assertThat(document.repairs()).isEqualTo(3);
    }

    @Test
    void shouldMakeNothingOfEmptyFiles() {
        for (Format format : new Format[] {Format.LINES, Format.JSONL, Format.CSV, Format.TSV, Format.WARC}) {
            assertThat(read(format, Compression.NONE, new byte[0]))
                    .as(format.name())
                    .isEmpty();
        }
        for (Compression compression : new Compression[] {Compression.GZIP, Compression.BZIP2}) {
            assertThat(read(Format.TEXT, compression, new byte[0]))
                    .singleElement()
                    .satisfies(document -> assertThat(document.rejected()).startsWith("damaged: "));
        }
    }

    @Test
    void shouldReadBzip2AndRejectTheRestWhenItIsCut() throws IOException {
        Path file = directory.resolve("a.jsonl.bz2");
        try (OutputStream out = new BZip2CompressorOutputStream(Files.newOutputStream(file), 1)) {
            for (int i = 0; i < 30_000; i++) {
                out.write(("{\"text\":\"line number " + i + "\"}\n").getBytes(UTF_8));
            }
        }
        byte[] whole = Files.readAllBytes(file);
        byte[] cut = java.util.Arrays.copyOf(whole, whole.length - 2000);

        assertThat(read(Format.JSONL, Compression.BZIP2, whole)).hasSize(30_000);
        List<RawDocument> documents = read(Format.JSONL, Compression.BZIP2, cut);
        assertThat(documents.size()).isBetween(1000, 29_999);
        assertThat(documents.get(documents.size() - 1).rejected()).startsWith("damaged: ");
        assertThat(documents.get(0).text()).isEqualTo("line number 0");
    }

    @Test
    void shouldRejectAPageOfMoreTagsThanMemoryIsSetAsideForAndSayHowMany() {
        String tags = "<p><!-- --></b>";
        String most = tags.repeat(HtmlPage.MAX_TAGS / 3);
        String more = most + "<b></b> 1 < 2 <3".repeat(HtmlPage.MAX_TAGS % 3 + 1);

        assertThat(read(Format.HTML, Compression.NONE, (most + "text").getBytes(UTF_8))
                        .get(0)
                        .text())
                .isEqualTo("text");
        RawDocument rejected =
                read(Format.HTML, Compression.NONE, more.getBytes(UTF_8)).get(0);
        int count = HtmlPage.MAX_TAGS / 3 * 3 + 2 * (HtmlPage.MAX_TAGS % 3 + 1);
        assertThat(rejected.rejected())
                .isEqualTo("too many tags: " + count + ", of which a page may have at most " + HtmlPage.MAX_TAGS);
    }

    @Test
    void shouldRejectAPageWhoseUnclosedTagsAreMadeAgainInEveryParagraph() {
        String open = IntStream.range(0, 12)
                .mapToObj(i -> "<b id=" + i + " title=t lang=en>")
                .collect(Collectors.joining("", "<p>", ""));
        int paragraphs = HtmlPage.MAX_ELEMENTS / 12;

        assertThat(read(Format.HTML, Compression.NONE, (open + "<p>word ".repeat(100)).getBytes(UTF_8))
                        .get(0)
                        .text())
                .startsWith("word\nword");
        assertThat(read(Format.HTML, Compression.NONE, (open + "<p>word ".repeat(paragraphs)).getBytes(UTF_8))
                        .get(0)
                        .rejected())
                .isEqualTo("too many elements: " + (paragraphs + 13) + " tags make more than " + HtmlPage.MAX_ELEMENTS
                        + ", as unclosed ones do");
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void shouldReadFalseLengthsAndEndlessHeadersInLinearTime() {
        // a length just within the limit makes the reader look 16 MiB ahead; moving them for each record would take
        // hours
        String lie = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: "
                + (16 * MIB - 300) + "\r\n\r\nx\r\n\r\n";
        String endless = "WARC/\n";

        assertThat(count(lie, 48 * MIB)).isEqualTo(48L * MIB / lie.length());
        assertThat(count(endless, 16 * MIB)).isEqualTo(16L * MIB / endless.length());
    }

    /** How many records are rejected, of {@code record} repeated. */
    private static long count(String record, int bytes) {
        byte[] one = record.getBytes(UTF_8);
        byte[] all = new byte[bytes / one.length * one.length];
        for (int i = 0; i < all.length; i += one.length) {
            System.arraycopy(one, 0, all, i, one.length);
        }
        long rejected = 0;
        var documents = Readers.readFile(Format.WARC, Compression.NONE, "f", new ByteArrayInputStream(all), OPTIONS);
        while (documents.hasNext()) {
            rejected += documents.next().rejected() == null ? 0 : 1;
        }
        return rejected;
    }

    @Test
    void shouldReadBombsInASmallHeap() throws Exception {
        readBombs(48L * MIB);
    }

    @Test
    @Tag("nightly")
    @Timeout(value = 20, unit = TimeUnit.MINUTES)
    void shouldReadBombsOfTenGigabytesInASmallHeap() throws Exception {
        readBombs(10_240L * MIB);
    }

    /** One line, one page, one field, one record of that many bytes, each in a few of gzip, between two that are good. */
    private void readBombs(long bytes) throws Exception {
        bomb("bomb.jsonl.gz", "{\"text\":\"good\"}\n{\"text\":\"", bytes, "\"}\n{\"text\":\"good\"}\n");
        bomb("bomb.html.gz", "<p>", bytes, "</p>");
        bomb("bomb.csv.gz", "text\ngood\n\"", bytes, "\"\ngood\n");
        String record = "WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: ";
        bomb(
                "bomb.warc.gz",
                record + "4\r\n\r\ngood\r\n\r\n" + record + bytes + "\r\n\r\n",
                bytes,
                "\r\n\r\n" + record + "4\r\n\r\ngood\r\n\r\n");

        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        command.addAll(List.of("-Xmx160m", "-cp", System.getProperty("java.class.path"), BombReader.class.getName()));
        command.add(directory.toString());
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        try {
            assertThat(process.waitFor(15, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(Files.readAllLines(directory.resolve("log")))
                .containsExactly(
                        "bomb.csv.gz: good",
                        "bomb.csv.gz: malformed CSV",
                        "bomb.csv.gz: good",
                        "bomb.html.gz: too large",
                        "bomb.jsonl.gz: good",
                        "bomb.jsonl.gz: too large",
                        "bomb.jsonl.gz: good",
                        "bomb.warc.gz: good",
                        "bomb.warc.gz: too large",
                        "bomb.warc.gz: good");
    }

    private void bomb(String name, String before, long bytes, String after) throws IOException {
        byte[] block = "x".repeat(MIB).getBytes(UTF_8);
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(directory.resolve(name)), MIB) {
            {
                def.setLevel(Deflater.BEST_SPEED);
            }
        }) {
            out.write(before.getBytes(UTF_8));
            for (long left = bytes; left > 0; left -= MIB) {
                out.write(block);
            }
            out.write(after.getBytes(UTF_8));
        }
    }

    /** A process that reads what others made, and says what it found. */
    static final class BombReader {
        private BombReader() {}

        /** Takes the folder with the files. */
        public static void main(String[] arguments) throws IOException {
            List<Path> files;
            try (var all = Files.list(Path.of(arguments[0]))) {
                files = all.filter(file -> file.toString().endsWith(".gz"))
                        .sorted()
                        .toList();
            }
            StringBuilder found = new StringBuilder();
            for (Path file : files) {
                String name = file.getFileName().toString();
                try (InputStream in = Files.newInputStream(file)) {
                    Readers.readFile(Format.ofName(name).orElseThrow(), Compression.GZIP, name, in, OPTIONS)
                            .forEachRemaining(document -> found.append(name)
                                    .append(": ")
                                    .append(
                                            document.rejected() == null
                                                    ? document.text()
                                                    : document.rejected().split(":")[0])
                                    .append('\n'));
                }
            }
            Files.writeString(Path.of("/dev/stdout"), found);
        }
    }

    private static List<RawDocument> read(Format format, Compression compression, byte[] bytes) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(format, compression, "f", new ByteArrayInputStream(bytes), OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }
}
