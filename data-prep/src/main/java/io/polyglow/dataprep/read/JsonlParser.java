package io.polyglow.dataprep.read;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.doc.Decoded;
import io.polyglow.dataprep.doc.RawDocument;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A line that is a JSON object with the text in one member, and perhaps an id and a language in others. */
final class JsonlParser implements LineParser {
    private final String source;
    private final ReadOptions options;

    JsonlParser(String source, ReadOptions options) {
        this.source = source;
        this.options = options;
    }

    @Override
    public RawDocument parse(long line, byte[] bytes, int length) {
        Decoded decoded = Decoded.utf8(bytes, 0, length);
        byte[] utf8 = decoded.repairs() == 0 && bytes[0] == '{'
                ? Arrays.copyOf(bytes, length)
                : decoded.text().getBytes(StandardCharsets.UTF_8);
        try {
            // a repaired line may be up to three times as long
            return document(line, Json.parseObject("line", utf8, Math.max(1, utf8.length)), decoded.repairs());
        } catch (PolyglowException e) {
            return RawDocument.rejected(source, line, "malformed JSON: " + e.getMessage());
        }
    }

    private RawDocument document(long line, JsonObject object, int repairs) {
        if (!(object.get(options.textColumn()) instanceof String text)) {
            return RawDocument.rejected(
                    source, line, "no text: member \"" + options.textColumn() + "\" is missing or no string");
        }
        Decoded valid = Decoded.chars(text);
        return new RawDocument(
                source,
                line,
                scalar(object.get(options.idColumn())),
                scalar(object.get(options.languageColumn())),
                valid.text(),
                repairs + valid.repairs(),
                null);
    }

    private static @Nullable String scalar(@Nullable Object value) {
        return value instanceof String || value instanceof Number ? value.toString() : null;
    }
}
