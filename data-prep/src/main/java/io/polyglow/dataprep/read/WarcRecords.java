package io.polyglow.dataprep.read;

import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.netpreserve.jwarc.HttpResponse;
import org.netpreserve.jwarc.MediaType;
import org.netpreserve.jwarc.MessageBody;
import org.netpreserve.jwarc.WarcConversion;
import org.netpreserve.jwarc.WarcReader;
import org.netpreserve.jwarc.WarcRecord;
import org.netpreserve.jwarc.WarcResource;
import org.netpreserve.jwarc.WarcResponse;

/**
 * One WARC record into a document: the main text of an HTML response or resource, the text of a conversion (WET). Requests, metadata, revisits and the like are no
 * documents. jwarc reads headers, chunks and content encodings.
 */
final class WarcRecords {
    private static final int SUCCESS = 2;

    private WarcRecords() {}

    /** The document of a record, its rejection, or null when a record of this kind is no document. */
    static @Nullable RawDocument read(Place place, byte[] record, ReadOptions options) {
        try (WarcReader reader = new WarcReader(new ByteArrayInputStream(record))) {
            reader.setLenient(true);
            WarcRecord found = reader.next().orElse(null);
            return found == null
                    ? RawDocument.rejected(place, "malformed WARC: no record")
                    : read(place, found, options);
        } catch (IOException | RuntimeException e) {
            // what a parser of hostile bytes throws, checked or not, is the fault of the record
            return RawDocument.rejected(place, "malformed WARC: " + e.getMessage());
        }
    }

    private static @Nullable RawDocument read(Place place, WarcRecord record, ReadOptions options) throws IOException {
        Metadata metadata = metadata(record);
        if (record instanceof WarcResponse response) {
            if (!response.contentType().base().equals(MediaType.HTTP)) {
                return RawDocument.rejected(place, "no text: a response by " + response.contentType());
            }
            HttpResponse http = response.http();
            return http.status() / 100 == SUCCESS
                    ? content(place, metadata, http.contentType(), http.bodyDecoded(), options)
                    : RawDocument.rejected(place, "no text: HTTP status " + http.status());
        }
        return record instanceof WarcConversion || record instanceof WarcResource
                ? content(place, metadata, record.contentType(), record.body(), options)
                : null;
    }

    private static RawDocument content(
            Place place, Metadata metadata, MediaType type, MessageBody body, ReadOptions options) throws IOException {
        String kind = (type.type() + "/" + type.subtype()).toLowerCase(Locale.ROOT);
        boolean html = kind.equals("text/html") || kind.equals("application/xhtml+xml");
        if (!html && !kind.equals("text/plain")) {
            return RawDocument.rejected(place, "no text: " + kind);
        }
        InputStream in = body.stream();
        byte[] bytes = in.readNBytes(options.maxDocumentBytes());
        if (in.read() >= 0) {
            return RawDocument.rejected(place, options.tooLarge(-1));
        }
        String charset = type.parameters().get("charset");
        return html
                ? HtmlPage.read(place, metadata, bytes, charset)
                : RawDocument.of(place, metadata, TextDecoder.decode(bytes, charset));
    }

    private static Metadata metadata(WarcRecord record) {
        return new Metadata(
                header(record, "WARC-Record-ID"),
                header(record, "WARC-Target-URI"),
                header(record, "WARC-Date"),
                null,
                first(header(record, "WARC-Identified-Content-Language")));
    }

    private static @Nullable String header(WarcRecord record, String name) {
        return record.headers().first(name).orElse(null);
    }

    /** Of several languages, by share of the page, the first. */
    private static @Nullable String first(@Nullable String languages) {
        int comma = languages == null ? -1 : languages.indexOf(',');
        return languages == null || comma < 0 ? languages : languages.substring(0, comma);
    }
}
