package io.polyglow.dataprep.read;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;

/** Gzip files of several members that are damaged: what is before the damage is kept, and nothing goes without a row that says where and why. */
class GzipDamageTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 1 << 20);
    private static final byte[] ONE = gzip("{\"text\":\"one\"}\n");
    private static final byte[] TWO = gzip("{\"text\":\"two\"}\n");
    private static final byte[] MORE = gzip("{\"text\":\"three\"}\n{\"text\":\"four\"}\n");

    @Test
    void shouldReadAllMembersOfAllFormats() {
        assertThat(jsonl(join(ONE, TWO, MORE)))
                .extracting(RawDocument::text)
                .containsExactly("one", "two", "three", "four");
        assertThat(texts(Format.CSV, join(gzip("text\none\n"), gzip("two\n")))).containsExactly("one", "two");
        assertThat(texts(Format.TEXT, join(gzip("one\n"), gzip("two\n")))).containsExactly("one\ntwo\n");
    }

    @Test
    void shouldGoOnWithTheNextMemberWhenAHeaderIsDamaged() {
        byte[] damaged = TWO.clone();
        damaged[0] = 'x';

        List<RawDocument> documents = jsonl(join(ONE, damaged, MORE));

        assertThat(documents).extracting(RawDocument::text).containsExactly("one", null, null, "four");
        assertThat(documents.get(1).rejected()).isEqualTo("damaged: at byte " + ONE.length + " begins no gzip member");
        assertThat(documents.get(2).rejected()).isEqualTo("damaged: the line begins in a part that cannot be read");
        assertThat(documents)
                .extracting(document -> document.place().toString())
                .containsExactly("f:1", "f:2", "f:3", "f:4");
    }

    @Test
    void shouldRejectTextsAndTheRestOfTablesWhenAHeaderIsDamaged() {
        byte[] damaged = gzip("two\n");
        damaged[2] = 'x';

        List<RawDocument> table = read(Format.CSV, join(gzip("text\none\n"), damaged, gzip("three\n")));
        List<RawDocument> text = read(Format.TEXT, join(gzip("one\n"), damaged));

        assertThat(table).extracting(RawDocument::text).containsExactly("one", null);
        assertThat(table.get(1).rejected())
                .startsWith("damaged: at byte ")
                .endsWith("the rest of the table is given up");
        assertThat(table.get(1).place().toString()).isEqualTo("f:3");
        assertThat(text).singleElement().satisfies(document -> assertThat(document.rejected())
                .startsWith("damaged: at byte "));
    }

    @Test
    void shouldSayThatTheFileEndsInsideAHeaderOrAMember() {
        for (int left : new int[] {1, 5, 9, 12, TWO.length - 1}) {
            List<RawDocument> documents = jsonl(join(ONE, Arrays.copyOf(TWO, left)));

            assertThat(documents.get(0).text()).isEqualTo("one");
            RawDocument last = documents.get(documents.size() - 1);
            assertThat(last.rejected())
                    .as("%d bytes", left)
                    .startsWith("damaged: ")
                    .contains(" byte " + ONE.length);
        }
    }

    @Test
    void shouldPassOverZerosBehindMembersAndNothingElse() {
        byte[] zeros = new byte[5000];

        assertThat(jsonl(join(ONE, zeros))).extracting(RawDocument::text).containsExactly("one");
        assertThat(jsonl(join(ONE, zeros, TWO))).extracting(RawDocument::text).containsExactly("one", "two");
        assertThat(jsonl(join(ONE, "garbage".getBytes(UTF_8))).get(1).rejected())
                .isEqualTo("damaged: at byte " + ONE.length + " begins no gzip member");
        assertThat(jsonl(zeros).get(0).rejected()).isEqualTo("damaged: at byte 0 begins no gzip member");
        assertThat(jsonl(new byte[0]).get(0).rejected()).isEqualTo("damaged: no gzip member, the file is empty");
    }

    @Test
    void shouldKeepTheLinesBeforeDamageInsideAMemberAndGoOnBehindIt() {
        StringBuilder lines = new StringBuilder();
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            lines.append("{\"text\":\"").append(random.nextLong()).append("\"}\n");
        }
        byte[] whole = gzip(lines.toString());
        byte[] cut = Arrays.copyOf(whole, whole.length / 2);

        // as a writer leaves it that was killed, and appended to by the next one
        List<RawDocument> documents = jsonl(join(cut, MORE));

        List<RawDocument> good =
                documents.stream().filter(document -> document.text() != null).toList();
        assertThat(good).hasSizeGreaterThan(9_000);
        assertThat(good.get(good.size() - 1).text()).isEqualTo("four");
        // what follows the cut, taken for the rest of the member, makes a few lines that are no JSON
        assertThat(documents.size() - good.size()).isBetween(2, 12);
        assertThat(documents)
                .extracting(document -> document.place().position())
                .doesNotHaveDuplicates();
    }

    @Test
    void shouldGiveUpAFileOfNothingButFalseMembers() {
        byte[] magic = {0x1f, (byte) 0x8b, 8};
        byte[] file = new byte[3_000_000];
        for (int i = 0; i < file.length; i++) {
            file[i] = magic[i % 3];
        }

        List<RawDocument> documents = jsonl(join(ONE, file, TWO));

        assertThat(documents.get(0).text()).isEqualTo("one");
        assertThat(documents).hasSize(GzipStream.MAX_DAMAGED + 2);
        assertThat(documents.get(documents.size() - 1).rejected()).endsWith("the rest of the file is given up");
    }

    private static List<RawDocument> jsonl(byte[] file) {
        return read(Format.JSONL, file);
    }

    private static List<String> texts(Format format, byte[] file) {
        return read(format, file).stream().map(RawDocument::text).toList();
    }

    private static List<RawDocument> read(Format format, byte[] file) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(format, Compression.GZIP, "f", new ByteArrayInputStream(file), OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }

    private static byte[] gzip(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
