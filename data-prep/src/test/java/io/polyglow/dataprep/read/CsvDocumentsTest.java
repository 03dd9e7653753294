package io.polyglow.dataprep.read;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CsvDocumentsTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 200);

    @Test
    void shouldReadQuotedFieldsOverSeveralLines() {
        List<RawDocument> documents =
                csv("id,text,language\r\n1,\"Eine, zwei \"\"drei\"\"\nvier\",de\r\n\r\n2, plain ,\n3,,fr\n");

        assertThat(documents.get(0))
                .isEqualTo(RawDocument.of(
                        new Place("f.csv", 2, 18),
                        new Metadata("1", null, null, "de"),
                        new Decoded("Eine, zwei \"drei\"\nvier", 0, 0)));
        assertThat(documents.get(1).text()).isEqualTo(" plain ");
        assertThat(documents.get(1).place().toString()).isEqualTo("f.csv:5");
        assertThat(documents.get(2).rejected()).isEqualTo("no text: column \"text\" is missing or empty");
        assertThat(documents).hasSize(3);
    }

    @Test
    void shouldReadARecordThatBeginsWithAHash() {
        assertThat(read(Format.TSV, "text\tid\n#Berlin is fine\t1\nplain\t2\n"))
                .extracting(RawDocument::text)
                .containsExactly("#Berlin is fine", "plain");
    }

    @Test
    void shouldReadTabs() {
        assertThat(read(Format.TSV, "text\tid\na,b\t1\n").get(0).text()).isEqualTo("a,b");
    }

    @Test
    void shouldCostOneRecordWhenAQuoteIsNotClosed() {
        String lines = "x".repeat(30) + "\n";

        List<RawDocument> documents = csv("text\none\n\"open\n" + lines.repeat(20) + "last\n");

        assertThat(documents).hasSize(23);
        assertThat(documents.get(1).rejected())
                .startsWith("malformed CSV: a quote that opens in this record is not closed");
        assertThat(documents.get(1).place().toString()).isEqualTo("f.csv:3");
        assertThat(documents.get(2).place().toString()).isEqualTo("f.csv:4");
        assertThat(documents.get(22).text()).isEqualTo("last");
    }

    @Test
    void shouldGiveUpAFileOfNothingButOpenQuotes() {
        List<RawDocument> documents = csv("text\n" + "a\"b,\"\n".repeat(1000));

        assertThat(documents.size()).isLessThanOrEqualTo(1000);
        assertThat(documents.get(documents.size() - 1).rejected()).contains("the rest of the file is given up");
    }

    @Test
    void shouldRejectARecordWithMoreFieldsThanColumnsSinceItsTextIsCutShort() {
        List<RawDocument> documents = csv("id,text\n1,Well, yes\n2,plain,\n3\n4,last\n");

        assertThat(documents.get(0).rejected())
                .isEqualTo(
                        "malformed CSV: 3 fields for 2 columns; a text with the delimiter in it must stand in quotes");
        assertThat(documents.get(1).text())
                .as("nothing behind the last delimiter")
                .isEqualTo("plain");
        assertThat(documents.get(2).rejected()).startsWith("no text");
        assertThat(documents.get(3).text()).isEqualTo("last");
    }

    @Test
    void shouldRejectALongRecordAndGoOn() {
        List<RawDocument> documents = csv("text\n" + "y".repeat(100_000) + "\nnext\n");

        assertThat(documents.get(0).rejected()).isEqualTo("too large: 100000 bytes, limits.document-bytes is 200");
        assertThat(documents.get(1).text()).isEqualTo("next");
        assertThat(documents.get(1).place().offset()).isEqualTo(100_006);
    }

    @Test
    void shouldSayWhichColumnsThereAreWhenTheTextIsMissing() {
        assertThat(csv("body,id\nx,1\ny,2\n")).singleElement().satisfies(document -> assertThat(document.rejected())
                .contains("no column \"text\"")
                .contains("[body, id]"));
    }

    private static List<RawDocument> csv(String content) {
        return read(Format.CSV, content);
    }

    private static List<RawDocument> read(Format format, String content) {
        List<RawDocument> documents = new ArrayList<>();
        Readers.readFile(format, Compression.NONE, "f.csv", new ByteArrayInputStream(content.getBytes(UTF_8)), OPTIONS)
                .forEachRemaining(documents::add);
        return documents;
    }
}
