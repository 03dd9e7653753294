package io.polyglow.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsHeaderTest {
    private static final String A = "\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}";

    @Test
    void shouldReadTensorsWhenFileIsValid() throws IOException {
        SafetensorsHeader header = read(
                "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"BF16\",\"shape\":[1,3],\"data_offsets\":[8,14]},"
                        + A + "}  ",
                14);
        assertThat(header.metadata()).containsEntry("format", "pt");
        assertThat(header.entries())
                .extracting(SafetensorsHeader.Entry::name, SafetensorsHeader.Entry::bytes)
                .containsExactly(tuple("a", 8L), tuple("b", 6L));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hole | {\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12",
                "overlap | {" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}} | 12",
                "twice the same bytes | {" + A + ",\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} | 8",
                "trailing bytes | {" + A + "} | 9",
                "truncated | {" + A + "} | 7",
                "duplicate name | {" + A + "," + A + "} | 8",
                "unknown dtype | {\"a\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}} | 8",
                "size | {\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} | 8",
                "negative dim | {\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}} | 8",
                "negative offset | {\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}} | 8",
                "backwards | {\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[8,0]}} | 8",
                "overflow | {\"a\":{\"dtype\":\"F64\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}} | 0",
                "overflow to 0 | {\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}} | 0",
                "fraction | {\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}} | 8",
                "three offsets | {\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,8]}} | 8",
                "extra key | {\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8],\"x\":1}} | 8",
                "metadata no text | {\"__metadata__\":{\"a\":1}} | 0",
                "no object | [1,2] | 0",
                "not JSON | {\"a\" | 0",
                "two documents | {}{} | 0"
            })
    void shouldRefuseWhenHeaderBreaksRule(String rule, String json, int dataBytes) {
        PolyglowException error = catchThrowableOfType(PolyglowException.class, () -> read(json, dataBytes));
        assertThat(error).as(rule).isNotNull().hasMessageContaining("file.safetensors");
        assertThat(error.kind()).isEqualTo(ErrorKind.CHECKPOINT);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 1L << 40, Long.MAX_VALUE, -1, Long.MIN_VALUE, 33 << 20, 1000})
    void shouldRefuseBeforeAllocatingWhenLengthLies(long length) {
        byte[] file = ByteBuffer.allocate(100)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put((byte) '{')
                .array();
        PolyglowException error = catchThrowableOfType(PolyglowException.class, () -> read(file));
        assertThat(error.kind()).isEqualTo(ErrorKind.CHECKPOINT);
        assertThat(error).hasMessageContaining("byte 0");
    }

    @Test
    void shouldRefuseWhenFileIsSomethingElse() {
        for (String start :
                List.of("", "PK", "\u00ac\u00ed\u0000\u0005sr", "\u0080\u0004\u0095", "GGUF", "{\"a\":1}\n\n\n")) {
            byte[] file = start.getBytes(StandardCharsets.ISO_8859_1);
            assertThat(catchThrowableOfType(PolyglowException.class, () -> read(file))
                            .kind())
                    .as(start)
                    .isEqualTo(ErrorKind.CHECKPOINT);
        }
    }

    @Test
    void shouldRefuseWhenNestingIsDeepOrTextIsNotUtf8() {
        assertThat(catchThrowableOfType(PolyglowException.class, () -> read("{\"a\":".repeat(50_000), 0))
                        .kind())
                .isEqualTo(ErrorKind.CHECKPOINT);
        byte[] file = file("{\"\u00e9\":1}", 0);
        file[10] = (byte) 0xFF;
        assertThat(catchThrowableOfType(PolyglowException.class, () -> read(file))
                        .kind())
                .isEqualTo(ErrorKind.CHECKPOINT);
    }

    @Property(tries = 300)
    void shouldReadBackWhenWritten(@ForAll @Size(max = 8) List<@IntRange(min = 0, max = 40) Integer> sizes)
            throws IOException {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        long total = 0;
        for (int i = 0; i < sizes.size(); i++) {
            shapes.put("tensor \"" + i + "\" \u4e2d", List.of((long) sizes.get(i), 2L));
            total += sizes.get(i) * 8L;
        }
        SafetensorsHeader written = SafetensorsHeader.of(Map.of("format", "pt"), shapes);
        assertThat(written.dataOffset() % 8).isZero();
        byte[] file = Arrays.copyOf(written.bytes(), written.dataOffset() + (int) total);
        SafetensorsHeader read = read(file);
        assertThat(read.entries()).containsExactlyInAnyOrderElementsOf(written.entries());
        assertThat(read.crc32c()).isEqualTo(written.crc32c());
    }

    /** Either a valid header or a checkpoint error; never anything else, never unbounded memory. */
    @Property(tries = 2000)
    void shouldReadOrRefuseWhenBytesAreRandom(
            @ForAll @Size(min = 1, max = 6) List<@IntRange(min = 0, max = 400) Integer> places,
            @ForAll @Size(min = 6, max = 6) List<Byte> values)
            throws IOException {
        byte[] file = file(
                "{\"__metadata__\":{\"k\":\"v\"}," + A
                        + ",\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[8,16]}}",
                16);
        for (int i = 0; i < places.size(); i++) {
            file[places.get(i) % file.length] = values.get(i);
        }
        List<String> names = new ArrayList<>();
        try {
            long end = 0;
            for (SafetensorsHeader.Entry entry : read(file).entries()) {
                assertThat(entry.begin()).isEqualTo(end);
                end = entry.end();
                names.add(entry.name());
            }
            assertThat(names).doesNotHaveDuplicates();
        } catch (PolyglowException e) {
            assertThat(e.kind()).isEqualTo(ErrorKind.CHECKPOINT);
        }
    }

    private static SafetensorsHeader read(String json, int dataBytes) throws IOException {
        return read(file(json, dataBytes));
    }

    private static SafetensorsHeader read(byte[] file) throws IOException {
        return SafetensorsHeader.read("file.safetensors", new ByteArrayInputStream(file), file.length);
    }

    private static byte[] file(String json, int dataBytes) {
        byte[] utf8 = json.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + utf8.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(utf8.length)
                .put(utf8)
                .array();
    }
}
