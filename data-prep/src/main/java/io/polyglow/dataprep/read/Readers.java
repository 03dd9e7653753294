package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.util.Iterator;
import java.util.List;

/** Opens the bytes of a file, or of a slice of its lines, as documents. */
public final class Readers {
    private Readers() {}

    /**
     * The documents of a whole file, read as they are asked for; the stream is closed at the end. Bytes that cannot be used become rejected documents, never errors.
     *
     * @param stored bytes as the storage holds them, see {@link StoredBytes}
     */
    public static Iterator<RawDocument> readFile(
            Format format, Compression compression, String source, InputStream stored, ReadOptions options) {
        try {
            return format == Format.WARC && compression == Compression.GZIP
                    ? WarcDocuments.gzip(source, stored, options)
                    : readDecompressed(format, source, compression.open(stored), options);
        } catch (IOException e) {
            return List.of(RawDocument.rejected(Place.ofFile(source), damaged(e)))
                    .iterator();
        }
    }

    private static Iterator<RawDocument> readDecompressed(
            Format format, String source, InputStream in, ReadOptions options) {
        return switch (format) {
            case TEXT, HTML ->
                List.of(document(format, Place.ofFile(source), in, options)).iterator();
            case LINES, JSONL -> {
                EncodedStream lines = EncodedStream.of(format, in);
                Place first = new Place(source, 1, 0);
                yield readLines(format, lines.charset(), first, lines.in(), Long.MAX_VALUE, options);
            }
            case CSV -> new CsvDocuments(source, in, ',', options);
            case TSV -> new CsvDocuments(source, in, '\t', options);
            case WARC -> WarcDocuments.plain(source, in, options);
            case PARQUET ->
                throw new IllegalArgumentException("Parquet files are no streams; dataprep.spark reads them");
        };
    }

    /**
     * The documents of a line format whose lines start within the first {@code sliceBytes} of {@code in}; blank lines are not
     * documents. The stream is closed at the end.
     *
     * @param charset of plain lines, see {@link EncodedStream}; JSON is UTF-8
     * @param first place of the first line
     * @param in decompressed bytes, standing at the start of that line
     * @param sliceBytes {@link Long#MAX_VALUE} for all lines
     */
    public static Iterator<RawDocument> readLines(
            Format format, Charset charset, Place first, InputStream in, long sliceBytes, ReadOptions options) {
        LineParser parser = format == Format.JSONL
                ? new JsonlParser(options)
                : (place, bytes, length) -> RawDocument.of(
                        place, Decoded.of(charset, bytes, 0, length).withoutMojibake());
        LineReader lines = new LineReader(in, options.maxDocumentBytes());
        return new LineDocuments(lines, first, sliceBytes, parser, options);
    }

    /** The one document of a whole-file format. At most {@code maxDocumentBytes + 1} bytes are read. */
    private static RawDocument document(Format format, Place place, InputStream in, ReadOptions options) {
        byte[] bytes;
        try (in) {
            bytes = in.readNBytes(options.maxDocumentBytes());
            if (in.read() >= 0) {
                return RawDocument.rejected(place, options.tooLarge(-1));
            }
        } catch (IOException e) {
            return RawDocument.rejected(place, damaged(e));
        }
        return format == Format.HTML
                ? HtmlPage.read(place, Metadata.NONE, bytes, null)
                : RawDocument.of(place, TextDecoder.decode(bytes, null));
    }

    /** The rejection reason of a file that a decoder cannot read on. */
    static String damaged(IOException e) {
        return "damaged: " + e.getMessage();
    }
}
