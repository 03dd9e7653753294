package io.polyglow.dataprep.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class LineReaderTest {
    private static final ReadOptions OPTIONS = new ReadOptions("", "", "", "", "", 7);
    private static final int MIB = 1 << 20;

    @Test
    void shouldReadLinesWithAnyEnding() throws IOException {
        assertThat(lines("a\r\n\nbc\nd", 10)).containsExactly("a", "", "bc", "d");
        assertThat(lines("a\n", 10)).containsExactly("a");
        assertThat(lines("", 10)).isEmpty();
    }

    @Test
    void shouldKeepEndingsForThoseWhoAsk() throws IOException {
        try (LineReader reader =
                new LineReader(new ByteArrayInputStream("abc\r\nd".getBytes(StandardCharsets.UTF_8)), 4)) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.length()).isEqualTo(3);
            assertThat(reader.lengthWithEnding()).isEqualTo(5);
            assertThat(reader.next()).isTrue();
            assertThat(reader.lengthWithEnding()).isEqualTo(1);
            assertThat(reader.consumed()).isEqualTo(6);
        }
    }

    @Test
    void shouldPassOverLinesBeyondTheLimitAndGoOn() throws IOException {
        assertThat(lines("123\n1234\n12345678901\n12\n", 3)).containsExactly("123", "<4>", "<11>", "12");
    }

    @Test
    void shouldHoldBoundedMemoryWhenALineIsHuge() throws IOException {
        long lineBytes = 100L * MIB;
        InputStream endless = new InputStream() {
            private long left = lineBytes;

            @Override
            public int read() {
                return left-- > 0 ? 'x' : -1;
            }

            @Override
            public int read(byte[] into, int offset, int length) {
                int n = (int) Math.min(length, left);
                left -= n;
                return n == 0 ? -1 : n;
            }
        };
        try (LineReader reader = new LineReader(
                new SequenceInputStream(endless, new ByteArrayInputStream("\nnext".getBytes(StandardCharsets.UTF_8))),
                MIB)) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.isTooLong()).isTrue();
            assertThat(reader.lineBytes()).isEqualTo(lineBytes);
            // one more for the line feed
            assertThat(reader.bytes().length).isLessThanOrEqualTo(MIB + 1);
            assertThat(reader.next()).isTrue();
            assertThat(reader.length()).isEqualTo(4);
        }
    }

    @Property
    void shouldFindTheSameLinesInWhateverSlices(
            @ForAll @StringLength(max = 60) @CharRange(from = '\n', to = '\r') String text,
            @ForAll @IntRange(min = 1, max = 9) int sliceBytes)
            throws IOException {
        List<String> sliced = new ArrayList<>();
        long firstLine = 1;
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int start = 0; start < bytes.length; start += sliceBytes) {
            LineSlice slice = new LineSlice(start, Math.min(bytes.length, start + sliceBytes));
            InputStream in = at(bytes, slice.seek());
            long sliceLength = slice.align(in);
            Readers.readLines(
                            Format.LINES,
                            StandardCharsets.UTF_8,
                            new Place("f", firstLine, slice.end() - sliceLength),
                            in,
                            sliceLength,
                            OPTIONS)
                    .forEachRemaining(document -> sliced.add(describe(document)));
            firstLine += slice.countLines(at(bytes, slice.seek()));
        }
        List<String> whole = new ArrayList<>();
        Readers.readLines(
                        Format.LINES,
                        StandardCharsets.UTF_8,
                        new Place("f", 1, 0),
                        at(bytes, 0),
                        Long.MAX_VALUE,
                        OPTIONS)
                .forEachRemaining(document -> whole.add(describe(document)));
        assertThat(sliced).isEqualTo(whole);
    }

    private static String describe(RawDocument document) {
        return document.place() + "@" + document.place().offset() + "=" + document.text() + document.rejected();
    }

    @Test
    void shouldReadNoFurtherThanASliceToSeeThatNoLineStartsInIt() throws IOException {
        byte[] bytes = ("x".repeat(10_000) + "\n" + "y".repeat(50)).getBytes(StandardCharsets.UTF_8);
        int sliceBytes = 100;
        long read = 0;
        int owners = 0;
        for (int start = sliceBytes; start < bytes.length; start += sliceBytes) {
            LineSlice slice = new LineSlice(start, Math.min(bytes.length, start + sliceBytes));
            InputStream in = at(bytes, slice.seek());
            int before = in.available();
            owners += slice.align(in) > 0 ? 1 : 0;
            read += before - in.available();
        }

        assertThat(owners).isEqualTo(1);
        assertThat(read).isLessThanOrEqualTo(bytes.length);
    }

    private static InputStream at(byte[] bytes, long offset) {
        return new ByteArrayInputStream(bytes, (int) offset, bytes.length - (int) offset);
    }

    private static List<String> lines(String text, int limit) throws IOException {
        List<String> lines = new ArrayList<>();
        try (LineReader reader =
                new LineReader(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), limit)) {
            while (reader.next()) {
                lines.add(
                        reader.isTooLong()
                                ? "<" + reader.lineBytes() + ">"
                                : new String(reader.bytes(), 0, reader.length(), StandardCharsets.UTF_8));
            }
        }
        return lines;
    }
}
