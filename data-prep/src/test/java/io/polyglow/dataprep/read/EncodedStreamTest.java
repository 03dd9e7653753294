package io.polyglow.dataprep.read;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Charsets of files of lines and records. */
class EncodedStreamTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 100_000);
    private static final String RUSSIAN =
            "Все люди рождаются свободными и равными в своем достоинстве и правах, они наделены разумом";
    private static final String JAPANESE = "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。";

    @ParameterizedTest
    @ValueSource(strings = {"UTF-8", "UTF-16LE", "UTF-16BE", "UTF-32LE"})
    void shouldFollowAByteOrderMarkInEveryFormat(String charset) {
        Charset with = Charset.forName(charset);
        String text = "ein Ü, 言葉 😀";

        assertThat(texts(Format.LINES, ("\uFEFF" + text + "\r\n" + text).getBytes(with)))
                .containsExactly(text, text);
        assertThat(texts(Format.JSONL, ("\uFEFF{\"text\":\"" + text + "\"}\n").getBytes(with)))
                .containsExactly(text);
        assertThat(texts(Format.CSV, ("\uFEFF\"text\",id\n\"" + text + "\",1\n").getBytes(with)))
                .containsExactly(text);
        assertThat(texts(Format.TSV, ("\uFEFFid\ttext\r\n1\t" + text + "\r\n").getBytes(with)))
                .containsExactly(text);
    }

    @Test
    void shouldReadAFirstColumnWhoseQuotedNameHasALineBreakBehindAByteOrderMark() {
        assertThat(texts(Format.CSV, "\uFEFF\"a\nname\",text\n1,one\n".getBytes(UTF_8)))
                .containsExactly("one");
    }

    @ParameterizedTest
    @CsvSource({"windows-1251, true", "KOI8-R, true", "Shift_JIS, false", "GB18030, false"})
    void shouldDetectTheCharsetOfTablesAndLines(String charset, boolean russian) {
        String text = russian ? RUSSIAN : JAPANESE;
        Charset with = Charset.forName(charset);

        assertThat(texts(Format.CSV, ("id,text\n" + "1,\"" + text + "\"\n" + "2,\"" + text + "\"\n").getBytes(with)))
                .containsExactly(text, text);
        assertThat(texts(Format.TSV, ("id\ttext\n1\t" + text).getBytes(with))).containsExactly(text);
        assertThat(texts(Format.LINES, (text + "\n" + text + "\n").getBytes(with)))
                .containsExactly(text, text);
    }

    @Test
    void shouldDetectTheCharsetBehindManyLinesOfAscii() {
        String ascii = "1,plain\n".repeat(10_000);

        List<String> texts = texts(
                Format.CSV, ("id,text\n" + ascii + "2,\"" + RUSSIAN + "\"").getBytes(Charset.forName("windows-1251")));

        assertThat(texts.get(10_000)).isEqualTo(RUSSIAN);
    }

    @Test
    void shouldKeepJsonAsUtf8AndCountWhatIsNot() {
        RawDocument document = read(
                        Format.JSONL, ("{\"text\":\"" + RUSSIAN + "\"}").getBytes(Charset.forName("windows-1251")))
                .get(0);

        assertThat(document.text()).startsWith("\uFFFD");
        assertThat(document.repairs()).isGreaterThan(60);
    }

    @Test
    void shouldNotTakeALongFileForAnotherCharsetForAFewBadBytes() {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.writeBytes("caf".getBytes(US_ASCII));
        file.write(0xE9);
        file.writeBytes((" and more\n" + "plain text\n".repeat(30_000) + RUSSIAN).getBytes(UTF_8));

        List<RawDocument> documents = read(Format.LINES, file.toByteArray());

        assertThat(documents.get(0).text()).isEqualTo("caf\uFFFD and more");
        assertThat(documents.get(0).repairs()).isEqualTo(1);
        assertThat(documents.get(30_001).text()).isEqualTo(RUSSIAN);
    }

    @Test
    void shouldCountFaultsOfUtf16() {
        byte[] loneSurrogate = HexFormat.of().parseHex("fffe" + "6100" + "00dc" + "6200" + "0000" + "6300");

        RawDocument document = read(Format.LINES, loneSurrogate).get(0);

        assertThat(document.text()).isEqualTo("a\uFFFDbc");
        assertThat(document.repairs()).isEqualTo(2);
    }

    @Test
    void shouldReadLongUtf16OfWhateverPieces() throws IOException {
        String text = "😀ü言a".repeat(20_000);
        byte[] bytes = ("\uFEFF" + text).getBytes(UTF_16LE);
        InputStream pieces = new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] into, int from, int length) {
                return super.read(into, from, Math.min(length, 777));
            }
        };

        EncodedStream encoded = EncodedStream.of(Format.LINES, pieces);

        assertThat(new String(encoded.in().readAllBytes(), encoded.charset())).isEqualTo("\uFEFF" + text);
        assertThat(encoded.isCuttable()).isFalse();
    }

    @Test
    void shouldKeepWhatComesBeforeDamageAtTheStart() {
        InputStream broken = new InputStream() {
            private final InputStream good = new ByteArrayInputStream("one\ntwo\nthr".getBytes(UTF_8));

            @Override
            public int read() throws IOException {
                int b = good.read();
                if (b < 0) {
                    throw new IOException("bad block");
                }
                return b;
            }

            @Override
            public int read(byte[] into, int from, int length) throws IOException {
                int b = read();
                into[from] = (byte) b;
                return 1;
            }
        };

        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(Format.LINES, Compression.NONE, "f", broken, OPTIONS).forEachRemaining(documents::add);

        assertThat(documents).extracting(RawDocument::text).containsExactly("one", "two", null);
        assertThat(documents.get(2).rejected()).isEqualTo("damaged: bad block");
    }

    private static List<String> texts(Format format, byte[] file) {
        return read(format, file).stream().map(RawDocument::text).toList();
    }

    private static List<RawDocument> read(Format format, byte[] file) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(format, Compression.NONE, "f", new ByteArrayInputStream(file), OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }
}
