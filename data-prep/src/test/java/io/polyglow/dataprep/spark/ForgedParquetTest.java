package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.Util;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that name counts for which no memory would be enough: they are refused by what is in them, before memory is taken. */
class ForgedParquetTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "language", "url", "date", 1 << 20);
    private static final MessageType TEXT =
            MessageTypeParser.parseMessageType("message m { optional binary text (UTF8); }");
    private static final int ROWS = 200;
    /** 2^30 - 1 as an unsigned LEB128 number. */
    private static final byte[] MANY = {(byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff, 3};

    @TempDir
    Path directory;

    private Path file;

    @BeforeEach
    void nameFile() {
        file = directory.resolve("a.parquet");
    }

    @Test
    void shouldRefuseAFooterWhoseListIsLongerThanItself() throws IOException {
        ByteArrayOutputStream footer = new ByteArrayOutputStream();
        // Thrift's compact protocol: field 1, an i32 of 1; field 2, a list of structs whose length follows
        footer.write(new byte[] {0x15, 2, 0x19, (byte) 0xfc});
        footer.write(MANY);
        ByteBuffer bytes = ByteBuffer.allocate(footer.size() + 12).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put("PAR1".getBytes(US_ASCII))
                .put(footer.toByteArray())
                .putInt(footer.size())
                .put("PAR1".getBytes(US_ASCII));
        Files.write(file, bytes.array());

        assertThat(read()).singleElement().asString().contains("the footer cannot be read", "1073741823");
    }

    @Test
    void shouldRefuseADictionaryOfMoreValuesThanMemoryIsTakenFor() throws IOException {
        write(WriterVersion.PARQUET_1_0, true);
        byte[] good = Files.readAllBytes(file);
        ByteArrayInputStream page = new ByteArrayInputStream(good, 4, good.length - 4);
        PageHeader header = Util.readPageHeader(page);
        header.getDictionary_page_header().setNum_values(1 << 30);
        ByteArrayOutputStream forged = new ByteArrayOutputStream();
        forged.write(good, 0, 4);
        Util.writePageHeader(header, forged);
        forged.write(page.readAllBytes());
        Files.write(file, forged.toByteArray());

        assertThat(read())
                .singleElement()
                .asString()
                .contains("damaged: rows 1 to 200", "a dictionary of 1073741824 values");
    }

    @Test
    void shouldRefuseDeltaEncodedLengthsOfMoreValuesThanThePage() throws IOException {
        write(WriterVersion.PARQUET_2_0, false);
        byte[] bytes = Files.readAllBytes(file);
        // blocks of 128 values, 4 miniblocks, 200 values
        int at = indexOf(bytes, new byte[] {(byte) 0x80, 1, 4, (byte) 0xc8, 1});
        System.arraycopy(MANY, 0, bytes, at + 3, MANY.length);
        Files.write(file, bytes);

        assertThat(read())
                .singleElement()
                .asString()
                .contains("damaged: rows 1 to 200", "1073741823 delta-encoded integers in a page of 200 values");
    }

    @Test
    void shouldReadDeltaEncodedTextsAsTheyWereWritten() throws IOException {
        write(WriterVersion.PARQUET_2_0, false);

        assertThat(read())
                .containsExactlyElementsOf(IntStream.range(0, ROWS)
                        .mapToObj(i -> "null " + text(i))
                        .toList());
    }

    private List<String> read() throws IOException {
        InputFile input =
                new InputFile("a.parquet", file.toUri().toString(), Files.size(file), Format.PARQUET, Compression.NONE);
        List<String> read = new ArrayList<>();
        new InputSlice(input, 0, Files.size(file), 1)
                .documents(OPTIONS, new Configuration())
                .forEachRemaining(document -> read.add(document.rejected() + " " + document.text()));
        return read;
    }

    private void write(WriterVersion version, boolean dictionary) throws IOException {
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(file.toUri()))
                .withType(TEXT)
                .withWriterVersion(version)
                .withCompressionCodec(CompressionCodecName.UNCOMPRESSED)
                .withDictionaryEncoding(dictionary)
                .withPageWriteChecksumEnabled(false)
                .build()) {
            SimpleGroupFactory groups = new SimpleGroupFactory(TEXT);
            for (int i = 0; i < ROWS; i++) {
                writer.write(groups.newGroup().append("text", text(dictionary ? i % 10 : i)));
            }
        }
    }

    private static String text(int i) {
        return "text " + Integer.toHexString(i * 0x9E3779B1);
    }

    private static int indexOf(byte[] bytes, byte[] part) {
        int at = 0;
        while (!Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
            at++;
        }
        return at;
    }
}
