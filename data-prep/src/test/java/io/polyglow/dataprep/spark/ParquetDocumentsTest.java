package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.column.ParquetProperties.WriterVersion;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.metadata.ColumnChunkMetaData;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Parquet files as others write them, whole and damaged. */
class ParquetDocumentsTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "meta.lang", "meta.url", "date", 1 << 20);
    private static final MessageType TEXT =
            MessageTypeParser.parseMessageType("message m { optional binary text (UTF8); optional int64 id; }");
    private static final int ROWS = 2000;
    private static final int PAGE_ROWS = 50;
    private static final byte[] ZSTD_MAGIC = {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd};

    @TempDir
    Path directory;

    @TempDir
    Path work;

    @Test
    void shouldGiveTheSameDocumentsHoweverAFileIsCut() throws IOException {
        write("a.parquet", WriterVersion.PARQUET_1_0, CompressionCodecName.ZSTD, TEXT, ROWS, ParquetDocumentsTest::row);
        SparkSession spark = LocalSpark.session();
        List<String> whole = read();
        String before = spark.conf().get("spark.sql.files.maxPartitionBytes");
        spark.conf().set("spark.sql.files.maxPartitionBytes", "1500");
        try {
            assertThat(read()).isEqualTo(whole);
        } finally {
            spark.conf().set("spark.sql.files.maxPartitionBytes", before);
        }
        assertThat(groups("a.parquet")).hasSizeGreaterThan(2);
        assertThat(whole)
                .isEqualTo(IntStream.range(0, ROWS)
                        .mapToObj(i -> "a.parquet:" + (i + 1) + "@" + i + " " + text(i) + " id " + i)
                        .toList());
    }

    @ParameterizedTest
    @CsvSource({"PARQUET_1_0,SNAPPY", "PARQUET_1_0,UNCOMPRESSED", "PARQUET_2_0,GZIP", "PARQUET_2_0,ZSTD"})
    void shouldRejectARowGroupFromADamagedPageOnAndKeepAllElse(WriterVersion version, CompressionCodecName codec)
            throws IOException {
        Path file = write("a.parquet", version, codec, TEXT, ROWS, ParquetDocumentsTest::row);
        ParquetFile.RowGroup group = groups("a.parquet").get(1);
        long groupRow = group.firstRow();
        ColumnChunkMetaData texts = group.meta().getColumns().get(0);
        byte[] bytes = Files.readAllBytes(file);
        // late in the column: pages before it stay, and all other row groups
        int at = (int) (texts.getStartingPos() + texts.getTotalSize() * 3 / 4);
        if (codec == CompressionCodecName.ZSTD) {
            // pages of the second version have no check sum and Zstandard adds none, so a wrong letter is a letter:
            // what is damaged is the beginning of a page
            at = indexOf(bytes, ZSTD_MAGIC, at);
        }
        for (int i = at; i < at + 16; i++) {
            bytes[i] ^= 0x5a;
        }
        Files.write(file, bytes);

        List<String> found = read();

        List<String> rejected =
                found.stream().filter(each -> each.contains("damaged: ")).toList();
        assertThat(rejected).hasSize(1);
        int first = found.indexOf(rejected.get(0));
        long end = groupRow + group.rows();
        assertThat(first).as(rejected.get(0)).isGreaterThan((int) groupRow).isLessThan((int) end);
        assertThat((first - groupRow) % PAGE_ROWS).isZero();
        assertThat(rejected.get(0))
                .startsWith("a.parquet:" + (first + 1) + "@" + first + " damaged: rows " + (first + 1) + " to " + end
                        + ", the rest of row group 1, cannot be read: ");
        assertThat(found.subList(0, first)).isEqualTo(expected(0, first));
        assertThat(found.subList(first + 1, found.size())).isEqualTo(expected((int) end, ROWS));
    }

    @Test
    void shouldNeverEndTheJobNorRepeatARowWhateverByteIsWrong() throws IOException {
        Path file = write(
                "a.parquet",
                WriterVersion.PARQUET_1_0,
                CompressionCodecName.SNAPPY,
                TEXT,
                ROWS,
                ParquetDocumentsTest::row);
        byte[] good = Files.readAllBytes(file);
        RandomStream random = RandomStream.of(1, "damage", 0);
        Configuration conf = new Configuration();
        int damaged = 0;
        for (int i = 0; i < 200; i++) {
            byte[] bad = good.clone();
            for (int k = 0; k < 3; k++) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            Files.write(file, bad);
            List<String> places = new ArrayList<>();
            InputSlice slice = new InputSlice(inputFile(file), 0, good.length, 1);
            var documents = slice.documents(OPTIONS, conf);
            while (documents.hasNext()) {
                var document = documents.next();
                places.add(document.place().toString());
                String reason = document.rejected();
                damaged += reason == null ? 0 : 1;
            }
            assertThat(places).as("damage " + i).doesNotHaveDuplicates().isNotEmpty();
        }
        assertThat(damaged).isGreaterThan(150);
    }

    @Test
    void shouldReadEveryFileByItsOwnSchema() throws IOException {
        BiConsumer<Group, Integer> nothing = (row, i) -> row.add("other", i);
        writeOne("a-other.parquet", "message m { required int32 other; }", nothing);
        writeOne("b-number.parquet", "message m { required int32 text; }", (row, i) -> row.add("text", 5));
        writeOne("c-list.parquet", "message m { repeated binary text (UTF8); }", (row, i) -> row.add("text", "x"));
        writeOne("d[1]{2}.parquet", "message m { required binary text; }", (row, i) -> row.add("text", "in brackets"));
        writeOne(
                "e-nested.parquet",
                "message m { optional binary text (UTF8); optional int32 date (DATE); required int96 id; optional group meta { optional binary url (UTF8); repeated binary lang (UTF8); } }",
                (row, i) -> {
                    row.add("text", "nested");
                    row.add("date", 19_844);
                    row.add("id", Binary.fromConstantByteArray(int96(2_440_589, 1_000_000)));
                    row.addGroup("meta").append("url", "http://e/").append("lang", "de");
                });

        List<Row> rows = table().collectAsList();

        assertThat(rows)
                .extracting(row -> row.<String>getAs("rejected"))
                .containsExactly(
                        "no text: no column \"text\"; the columns are other; set columns.text",
                        "no text: column \"text\" holds no text, it is required int32 text",
                        "no text: no column \"text\"; the columns are text; set columns.text",
                        null,
                        null);
        assertThat(rows.get(3).<String>getAs("source")).isEqualTo("d[1]{2}.parquet");
        assertThat(rows.get(3).<String>getAs("text")).isEqualTo("in brackets");
        Row nested = rows.get(4);
        assertThat(nested.<String>getAs("url")).isEqualTo("http://e/");
        assertThat(nested.<String>getAs("date")).isEqualTo("2024-05-01");
        assertThat(nested.<String>getAs("external_id")).isEqualTo("1970-01-02T00:00:00.001Z");
        assertThat(nested.<String>getAs("stated_language")).isNull();
    }

    @Test
    void shouldCountInvalidUtf8AndRejectNullsAndCellsBeyondTheLimit() throws IOException {
        write("a.parquet", WriterVersion.PARQUET_1_0, CompressionCodecName.ZSTD, TEXT, 4, (row, i) -> {
            switch (i) {
                case 0 ->
                    row.add("text", Binary.fromConstantByteArray(new byte[] {'a', (byte) 0xff, 'b', (byte) 0xc3}));
                case 1 -> row.add("id", 7L);
                case 2 -> row.add("text", "x".repeat((1 << 20) + 1));
                default -> row.add("text", "last");
            }
        });

        List<Row> rows = table().collectAsList();

        assertThat(rows.get(0).<String>getAs("text")).isEqualTo("a\uFFFDb\uFFFD");
        assertThat(rows.get(0).<Integer>getAs("repairs")).isEqualTo(2);
        assertThat(rows.get(1).<String>getAs("rejected")).isEqualTo("no text: column \"text\" is null");
        assertThat(rows.get(2).<String>getAs("rejected")).startsWith("too large: 1048577 bytes");
        assertThat(rows.get(3).<String>getAs("text")).isEqualTo("last");
    }

    @Test
    void shouldRefuseAPageByItsHeaderBeforeItIsHeld() throws IOException {
        String huge = "x".repeat(ColumnChunkPages.MAX_PAGE_BYTES / 4);
        write("a.parquet", WriterVersion.PARQUET_1_0, CompressionCodecName.ZSTD, TEXT, 5, (row, i) -> {
            if (i > 0) {
                row.add("text", huge);
            }
        });

        assertThat(read())
                .singleElement()
                .asString()
                .contains("damaged: rows 1 to 5, the rest of row group 0")
                .contains("at most " + ColumnChunkPages.MAX_PAGE_BYTES + " are read");
    }

    private static int indexOf(byte[] bytes, byte[] part, int from) {
        int at = from;
        while (!Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
            at++;
        }
        return at;
    }

    private static void row(Group row, int i) {
        row.add("text", text(i));
        row.add("id", (long) i);
    }

    private static String text(int i) {
        return "row " + i + " " + Integer.toHexString(i * 0x9E3779B1).repeat(3);
    }

    private static List<String> expected(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(i -> "a.parquet:" + (i + 1) + "@" + i + " " + text(i) + " id " + i)
                .toList();
    }

    private static byte[] int96(int julianDay, long nanos) {
        return java.nio.ByteBuffer.allocate(12)
                .order(java.nio.ByteOrder.LITTLE_ENDIAN)
                .putLong(nanos)
                .putInt(julianDay)
                .array();
    }

    private void writeOne(String name, String schema, BiConsumer<Group, Integer> fill) throws IOException {
        write(
                name,
                WriterVersion.PARQUET_1_0,
                CompressionCodecName.SNAPPY,
                MessageTypeParser.parseMessageType(schema),
                1,
                fill);
    }

    /** Pages of {@link #PAGE_ROWS} rows, row groups of a few pages. */
    private Path write(
            String name,
            WriterVersion version,
            CompressionCodecName codec,
            MessageType schema,
            int rows,
            BiConsumer<Group, Integer> fill)
            throws IOException {
        Path written = work.resolve("written.parquet");
        Files.deleteIfExists(written);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(written.toUri()))
                .withType(schema)
                .withWriterVersion(version)
                .withCompressionCodec(codec)
                .withDictionaryEncoding(false)
                .withPageRowCountLimit(PAGE_ROWS)
                .withMinRowCountForPageSizeCheck(PAGE_ROWS)
                .withRowGroupSize(4096L)
                .build()) {
            SimpleGroupFactory factory = new SimpleGroupFactory(schema);
            for (int i = 0; i < rows; i++) {
                Group row = factory.newGroup();
                fill.accept(row, i);
                writer.write(row);
            }
        }
        // Hadoop takes brackets in names for a pattern in places
        return Files.move(written, directory.resolve(name));
    }

    private List<ParquetFile.RowGroup> groups(String name) throws IOException {
        ParquetFile file = new ParquetFile(directory.resolve(name).toUri().toString(), new Configuration());
        return file.rowGroups();
    }

    private static InputFile inputFile(Path file) throws IOException {
        return new InputFile(
                "a.parquet",
                file.toUri().toString(),
                Files.size(file),
                io.polyglow.dataprep.read.Format.PARQUET,
                io.polyglow.dataprep.read.Compression.NONE);
    }

    private org.apache.spark.sql.Dataset<Row> table() {
        SparkSession spark = LocalSpark.session();
        List<InputFile> files = InputFiles.list(spark.sessionState().newHadoopConf(), directory.toString(), null);
        return new DocumentSource(spark, OPTIONS).read(files).orderBy("source", "position");
    }

    /** {@code file:position@offset}, and the text or why there is none. */
    private List<String> read() {
        return table().collectAsList().stream()
                .map(row -> row.getAs("source") + ":" + row.getAs("position") + "@" + row.getAs("offset") + " "
                        + (row.getAs("rejected") == null
                                ? row.getAs("text") + " id " + row.getAs("external_id")
                                : row.getAs("rejected")))
                .toList();
    }
}
