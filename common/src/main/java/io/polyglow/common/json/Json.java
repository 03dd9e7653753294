package io.polyglow.common.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Parses and writes JSON (RFC 8259, strictly): nesting of at most {@value #MAX_DEPTH}, a bounded document, no duplicate names, no NaN, no comments,
 * valid UTF-8, nothing after the document. Whatever breaks a rule is a {@link ErrorKind#DATA} error that names the source and the place, found before
 * memory beyond the bound is taken. Writing keeps insertion order, so equal documents have equal bytes on every machine.
 */
public final class Json {
    /** Deepest nesting of objects and arrays. */
    public static final int MAX_DEPTH = 64;

    /** Largest document unless the caller allows more. */
    public static final int MAX_BYTES = 16 << 20;

    private static final int MAX_NUMBER_LENGTH = 100;

    private Json() {}

    /** Parses an object of at most {@link #MAX_BYTES}; {@code source} is what errors call it, e.g. a file name. */
    public static JsonObject parseObject(String source, byte[] utf8) {
        return parseObject(source, utf8, MAX_BYTES);
    }

    /** Parses an object of at most {@code maxBytes}. */
    public static JsonObject parseObject(String source, byte[] utf8, int maxBytes) {
        if (utf8.length > maxBytes) {
            throw tooLarge(source, maxBytes);
        }
        CharBuffer chars = decode(source, utf8);
        try (JsonParser parser = factory(maxBytes).createParser(chars.array(), 0, chars.limit())) {
            return document(source, parser);
        } catch (JsonProcessingException e) {
            throw malformed(source, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Parses an object from a stream, which is read to its end or to {@code maxBytes}, whichever comes first, and not closed. */
    public static JsonObject parseObject(String source, InputStream in, int maxBytes) throws IOException {
        byte[] utf8 = in.readNBytes(maxBytes);
        if (in.read() >= 0) {
            throw tooLarge(source, maxBytes);
        }
        return parseObject(source, utf8, maxBytes);
    }

    /** Several lines, two spaces of indentation, {@code \n}, ends with a line feed. */
    public static String pretty(JsonObject value) {
        return JsonWriter.write(value, true) + "\n";
    }

    /** One line, no spaces, no line feed. */
    public static String line(JsonObject value) {
        return JsonWriter.write(value, false);
    }

    private static JsonFactory factory(int maxBytes) {
        return JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .enable(StreamReadFeature.USE_FAST_DOUBLE_PARSER)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxNumberLength(MAX_NUMBER_LENGTH)
                        .maxStringLength(maxBytes)
                        .build())
                .build();
    }

    /** Refuses what {@code new String(bytes)} would silently repair. */
    private static CharBuffer decode(String source, byte[] utf8) {
        ByteBuffer in = ByteBuffer.wrap(utf8);
        CharBuffer out = CharBuffer.allocate(utf8.length);
        CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
        try {
            if (result.isError()) {
                result.throwException();
            }
        } catch (CharacterCodingException e) {
            String what = source + ", byte " + in.position() + ": not valid UTF-8. Write the file again as UTF-8.";
            throw new PolyglowException(ErrorKind.DATA, what, e);
        }
        return out.flip();
    }

    private static JsonObject document(String source, JsonParser parser) throws IOException {
        JsonToken first = parser.nextToken();
        if (first != JsonToken.START_OBJECT) {
            String found = first == null ? "nothing" : first.toString();
            throw new PolyglowException(ErrorKind.DATA, source + ": expected a JSON object, found " + found + ".");
        }
        JsonObject root = new JsonObject(new JsonPlace(source));
        fill(root, parser);
        if (parser.nextToken() != null) {
            String line = ":" + parser.currentTokenLocation().getLineNr();
            throw new PolyglowException(ErrorKind.DATA, source + line + ": there is more text after the JSON object.");
        }
        return root;
    }

    private static void fill(JsonObject object, JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String name = parser.currentName();
            parser.nextToken();
            object.values.put(name, value(parser, object.place.child(name)));
        }
    }

    private static void fill(JsonArray array, JsonParser parser) throws IOException {
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.values.add(value(parser, array.place.child(array.values.size())));
        }
    }

    private static @Nullable Object value(JsonParser parser, JsonPlace place) throws IOException {
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                JsonObject object = new JsonObject(place);
                fill(object, parser);
                return object;
            }
            case START_ARRAY -> {
                JsonArray array = new JsonArray(place);
                fill(array, parser);
                return array;
            }
            case VALUE_STRING -> {
                return parser.getText();
            }
            case VALUE_NUMBER_INT -> {
                return integer(parser, place);
            }
            case VALUE_NUMBER_FLOAT -> {
                return finite(parser.getDoubleValue(), place);
            }
            case VALUE_TRUE -> {
                return true;
            }
            case VALUE_FALSE -> {
                return false;
            }
            default -> {
                return null;
            }
        }
    }

    /** A whole number beyond 64 bits becomes the nearest double, as in most JSON readers. */
    private static Object integer(JsonParser parser, JsonPlace place) throws IOException {
        if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
            return finite(parser.getBigIntegerValue().doubleValue(), place);
        }
        return parser.getLongValue();
    }

    private static Double finite(double value, JsonPlace place) {
        if (!Double.isFinite(value)) {
            throw place.problem("a number beyond the range of a double.");
        }
        return value;
    }

    private static PolyglowException tooLarge(String source, int maxBytes) {
        return new PolyglowException(
                ErrorKind.DATA,
                source + ": larger than " + maxBytes + " bytes, the limit for this kind of JSON document.");
    }

    private static PolyglowException malformed(String source, JsonProcessingException e) {
        JsonLocation at = e.getLocation();
        String where = at == null ? "" : ":" + at.getLineNr() + ":" + at.getColumnNr();
        return new PolyglowException(ErrorKind.DATA, source + where + ": not valid JSON: " + e.getOriginalMessage(), e);
    }
}
