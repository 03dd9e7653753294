package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Iterator;
import java.util.List;
import java.util.zip.ZipException;

/** Opens the bytes of a file, or of a slice of its lines, as documents. */
public final class Readers {
    private Readers() {}

    /**
     * The one document of a whole-file format. At most {@code maxDocumentBytes + 1} bytes are read.
     *
     * @param in decompressed bytes; closed by this method
     */
    public static RawDocument readFile(Format format, String source, InputStream in, ReadOptions options)
            throws IOException {
        byte[] bytes;
        try (in) {
            bytes = in.readNBytes(options.maxDocumentBytes());
            if (in.read() >= 0) {
                return RawDocument.rejected(source, 0, options.tooLarge(-1));
            }
        } catch (IOException e) {
            return RawDocument.rejected(source, 0, damaged(e));
        }
        return format == Format.HTML
                ? HtmlPage.read(source, bytes)
                : RawDocument.of(source, 0, Decoded.utf8(bytes, 0, bytes.length));
    }

    /**
     * The documents of a line format whose lines start within the first {@code sliceBytes} of {@code in}; blank lines are not
     * documents. The stream is closed at the end.
     *
     * @param in decompressed bytes, standing at the start of a line
     * @param firstLine number of that line in the file, counted from 1
     * @param sliceBytes {@link Long#MAX_VALUE} for all lines
     */
    public static Iterator<RawDocument> readLines(
            Format format, String source, InputStream in, long firstLine, long sliceBytes, ReadOptions options) {
        LineParser parser =
                switch (format) {
                    case LINES -> (line, bytes, length) -> RawDocument.of(source, line, Decoded.utf8(bytes, 0, length));
                    case JSONL -> new JsonlParser(source, options);
                    case TEXT, HTML, PARQUET -> throw new IllegalArgumentException(format + " has no lines");
                };
        LineReader lines = new LineReader(in, options.maxDocumentBytes());
        return new LineDocuments(lines, source, firstLine, sliceBytes, parser, options);
    }

    /** A reader of no documents but one rejection, for a file that cannot even be opened. */
    public static Iterator<RawDocument> unreadable(String source, IOException e) throws IOException {
        return List.of(RawDocument.rejected(source, 0, damaged(e))).iterator();
    }

    /** The rejection reason of a damaged file; other I/O errors are thrown on, since a retry may cure them. */
    static String damaged(IOException e) throws IOException {
        boolean ofTheFile = e instanceof EOFException
                || e instanceof ZipException
                || e instanceof com.github.luben.zstd.ZstdIOException;
        if (!ofTheFile) {
            throw e;
        }
        return "damaged: " + e.getMessage();
    }
}
