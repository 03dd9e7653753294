package io.polyglow.dataprep.read;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.Metadata;
import io.polyglow.dataprep.doc.Place;
import io.polyglow.dataprep.doc.RawDocument;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A line that is a JSON object with the text in one member, and perhaps an id and a language in others. */
final class JsonlParser implements LineParser {
    private final ReadOptions options;

    JsonlParser(ReadOptions options) {
        this.options = options;
    }

    @Override
    public RawDocument parse(Place place, byte[] bytes, int length) {
        Decoded decoded = Decoded.utf8(bytes, 0, length);
        byte[] utf8 = decoded.repairs() == 0 && bytes[0] == '{'
                ? Arrays.copyOf(bytes, length)
                : decoded.text().getBytes(StandardCharsets.UTF_8);
        try {
            // a repaired line may be up to three times as long
            return document(place, Json.parseObject("line", utf8, Math.max(1, utf8.length)), decoded.repairs());
        } catch (PolyglowException e) {
            return RawDocument.rejected(place, "malformed JSON: " + e.getMessage());
        }
    }

    private RawDocument document(Place place, JsonObject object, int repairs) {
        if (!(member(object, options.textColumn()) instanceof String text)) {
            return RawDocument.rejected(
                    place, "no text: member \"" + options.textColumn() + "\" is missing or no string");
        }
        Decoded valid = Decoded.chars(text);
        return RawDocument.of(
                place,
                new Metadata(
                        scalar(member(object, options.idColumn())),
                        scalar(member(object, options.urlColumn())),
                        scalar(member(object, options.dateColumn())),
                        scalar(member(object, options.languageColumn()))),
                valid.withRepairs(repairs).withoutMojibake());
    }

    /** The member of that name; where there is none, the one that {@code a.b} leads to. */
    private static @Nullable Object member(JsonObject object, String path) {
        int dot = path.indexOf('.');
        if (dot < 0 || object.has(path)) {
            return object.get(path);
        }
        return object.get(path.substring(0, dot)) instanceof JsonObject inner
                ? member(inner, path.substring(dot + 1))
                : null;
    }

    private static @Nullable String scalar(@Nullable Object value) {
        return value instanceof String || value instanceof Number ? value.toString() : null;
    }
}
