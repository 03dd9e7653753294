package io.polyglow.dataprep.spark;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.token.shard.SourceFile;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import io.polyglow.dataprep.read.ReadOptions;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReadingTest {
    private static final ReadOptions OPTIONS = new ReadOptions("text", "id", "meta.lang", "meta.url", "date", 1 << 20);
    /** Read from its files once; there are thousands of slices. */
    private static final Configuration CONFIGURATION = new Configuration();

    @TempDir
    Path directory;

    @Test
    void shouldReadEveryFormatByItsName() throws IOException {
        Files.writeString(directory.resolve("a.csv"), "id,text\n1,\"from\ncsv\"\n");
        Files.writeString(directory.resolve("b.tsv"), "text\tid\nfrom tsv\t2\n");
        Files.writeString(
                directory.resolve("c.warc"),
                "WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Target-URI: http://c/\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nfrom warc\r\n\r\n");
        try (OutputStream out =
                new BZip2CompressorOutputStream(Files.newOutputStream(directory.resolve("d.jsonl.bz2")))) {
            out.write("{\"text\":\"from bz2\",\"meta\":{\"url\":\"http://d/\",\"lang\":\"de\"}}\n".getBytes(UTF_8));
        }

        List<Row> rows = read();

        assertThat(rows)
                .extracting(row -> row.<String>getAs("text"))
                .containsExactly("from\ncsv", "from tsv", "from warc", "from bz2");
        assertThat(rows)
                .extracting(row -> row.<String>getAs("url"))
                .containsExactly(null, null, "http://c/", "http://d/");
    }

    @Test
    void shouldReadNestedColumnsOfParquetAndRejectTruncatedFiles() throws IOException {
        SparkSession spark = LocalSpark.session();
        spark.sql("select 'ein Satz' as text, named_struct('lang', 'de', 'url', 'http://p/') as meta")
                .coalesce(1)
                .write()
                .parquet(directory.resolve("good").toString());
        Path good;
        try (var files = Files.list(directory.resolve("good"))) {
            good = files.filter(file -> file.toString().endsWith(".parquet"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(good);
        Files.write(directory.resolve("cut.parquet"), Arrays.copyOf(bytes, bytes.length / 2));
        Files.write(directory.resolve("tiny.parquet"), new byte[] {'P', 'A', 'R', '1'});

        List<Row> rows = read();

        assertThat(rows).hasSize(3);
        assertThat(rows.get(0).<String>getAs("source")).isEqualTo("cut.parquet");
        assertThat(rows.get(0).<String>getAs("rejected")).startsWith("damaged: ");
        assertThat(rows.get(1).<String>getAs("text")).isEqualTo("ein Satz");
        assertThat(rows.get(1).<String>getAs("url")).isEqualTo("http://p/");
        assertThat(rows.get(2).<String>getAs("rejected")).startsWith("damaged: ");
    }

    @Test
    void shouldRejectFilesThatVanishAfterTheyWereListed() throws IOException {
        Files.writeString(directory.resolve("here.txt"), "here");
        List<InputFile> files = List.of(
                file("gone.txt", 10, Format.TEXT),
                file("gone.parquet", 10, Format.PARQUET),
                file("here.txt", 4, Format.TEXT));

        List<Row> rows = new DocumentSource(LocalSpark.session(), OPTIONS)
                .read(files)
                .orderBy("source")
                .collectAsList();

        assertThat(rows).extracting(row -> row.<String>getAs("text")).containsExactly(null, null, "here");
        assertThat(rows.get(0).<String>getAs("rejected")).startsWith("vanished: ");
        assertThat(rows.get(1).<String>getAs("rejected")).startsWith("vanished: ");
    }

    @Test
    void shouldRejectFilesThatVanishBeforeTheyAreHashedOrTheirLinesCounted() throws IOException {
        Files.writeString(directory.resolve("here.txt"), "here");
        long large = 3 * LocalSpark.session().sessionState().conf().filesMaxPartitionBytes();
        List<InputFile> files = List.of(
                file("gone.jsonl", large, Format.JSONL),
                file("gone.parquet", large, Format.PARQUET),
                file("here.txt", 4, Format.TEXT));

        List<Row> rows = new DocumentSource(LocalSpark.session(), OPTIONS)
                .read(files)
                .orderBy("source")
                .collectAsList();

        assertThat(SourceHashes.of(LocalSpark.session(), files))
                .extracting(SourceFile::sha256)
                .containsExactly(
                        SourceHashes.VANISHED,
                        SourceHashes.VANISHED,
                        HexFormat.of().formatHex(Digest.newSha256().digest("here".getBytes(UTF_8))));
        assertThat(rows).extracting(row -> row.<String>getAs("text")).containsExactly(null, null, "here");
        assertThat(rows.get(0).<String>getAs("rejected")).startsWith("vanished: ");
        assertThat(rows.get(1).<String>getAs("rejected")).startsWith("vanished: ");
    }

    @Test
    void shouldFailAtFilesThatAreThereButCannotBeOpened() throws IOException {
        // Java says FileNotFoundException of a socket, as of a file without permission, which root would read
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            socket.bind(UnixDomainSocketAddress.of(directory.resolve("closed.jsonl")));
            List<InputFile> files = List.of(file("closed.jsonl", 4, Format.JSONL));
            DocumentSource source = new DocumentSource(LocalSpark.session(), OPTIONS);

            assertThatThrownBy(() -> SourceHashes.of(LocalSpark.session(), files))
                    .hasRootCauseInstanceOf(FileNotFoundException.class)
                    .hasStackTraceContaining("FileSystemException: "
                            + directory.resolve("closed.jsonl").toUri() + ": ");
            assertThatThrownBy(() -> source.read(files).collectAsList())
                    .hasStackTraceContaining(
                            "cannot read " + directory.resolve("closed.jsonl").toUri());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-8", "windows-1251"})
    void shouldReadTheSameLinesOfAnyCharsetHoweverTheFileIsCut(String charset) throws IOException {
        String mark = charset.startsWith("UTF") ? "\uFEFF" : "";
        String lines = IntStream.range(0, 40)
                .mapToObj(i ->
                        "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью "
                                + i + "\n")
                .collect(Collectors.joining());
        Path file = Files.write(directory.resolve("lines.txt"), (mark + lines).getBytes(Charset.forName(charset)));
        InputFile input = file("lines.txt", Files.size(file), Format.LINES);

        for (long sliceBytes : new long[] {17, 100, 1000, Files.size(file)}) {
            assertThat(textsOf(input, sliceBytes))
                    .as("%s in slices of %d bytes", charset, sliceBytes)
                    .containsExactly(lines.split("\n"));
            assertThat(rawLinesOf(input, sliceBytes).replace("\uFEFF", "")).isEqualTo(lines);
        }
    }

    private static List<String> textsOf(InputFile file, long sliceBytes) {
        List<String> texts = new ArrayList<>();
        InputSlice.of(file, sliceBytes).forEach(slice -> slice.documents(OPTIONS, CONFIGURATION)
                .forEachRemaining(document -> texts.add(document.text())));
        return texts;
    }

    private static String rawLinesOf(InputFile file, long sliceBytes) {
        StringBuilder lines = new StringBuilder();
        InputSlice.of(file, sliceBytes).forEach(slice -> new RawLines(slice, CONFIGURATION)
                .forEachRemaining(line -> lines.append(new String(line, UTF_8))));
        return lines.toString();
    }

    @Test
    void shouldGroupSmallFilesAndLeaveLargeOnesAlone() {
        List<InputSlice> slices = IntStream.range(0, 10)
                .mapToObj(i -> new InputSlice(file("f" + i, i == 4 ? 1000 : 10, Format.TEXT), 0, i == 4 ? 1000 : 10, 1))
                .toList();

        List<List<InputSlice>> groups = InputSlices.group(slices, 5, 50);

        assertThat(groups).extracting(List::size).containsExactly(3, 1, 1, 3, 2);
        assertThat(groups.stream().flatMap(List::stream)).containsExactlyElementsOf(slices);
    }

    private InputFile file(String name, long bytes, Format format) {
        return new InputFile(name, directory.resolve(name).toUri().toString(), bytes, format, Compression.NONE);
    }

    private List<Row> read() {
        SparkSession spark = LocalSpark.session();
        List<InputFile> files = InputFiles.list(spark.sessionState().newHadoopConf(), directory.toString(), null);
        return new DocumentSource(spark, OPTIONS).read(files).orderBy("source").collectAsList();
    }
}
