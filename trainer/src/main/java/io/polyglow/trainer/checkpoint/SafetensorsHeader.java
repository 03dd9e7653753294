package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * The header of a safetensors file: 8 bytes of little-endian length, then that many bytes of JSON, then the data.
 *
 * <pre>
 *   0        8                      8 + n                         end of file
 *   +--------+----------------------+-----------+-----+-----------+
 *   |   n    | {"name": {...}, ...} | tensor    | ... | tensor    |
 *   +--------+----------------------+-----------+-----+-----------+
 * </pre>
 *
 * Read strictly, and before anything of the claimed size is allocated: a header of at most {@link #MAX_BYTES}, valid UTF-8, no
 * duplicate names, known dtypes, tensors that cover the data from its first byte to the end of the file without hole or overlap.
 * Whatever breaks a rule is a {@link ErrorKind#CHECKPOINT} error that names file and offset.
 */
final class SafetensorsHeader {
    /** Largest header: some hundred thousand tensors. */
    static final int MAX_BYTES = 32 << 20;

    private static final String METADATA = "__metadata__";
    private static final Set<String> ENTRY = Set.of("dtype", "shape", "data_offsets");
    private static final Map<String, Integer> ELEMENT_BYTES = Map.ofEntries(
            Map.entry("BOOL", 1),
            Map.entry("U8", 1),
            Map.entry("I8", 1),
            Map.entry("F8_E5M2", 1),
            Map.entry("F8_E4M3", 1),
            Map.entry("I16", 2),
            Map.entry("U16", 2),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I32", 4),
            Map.entry("U32", 4),
            Map.entry("F32", 4),
            Map.entry("F64", 8),
            Map.entry("I64", 8),
            Map.entry("U64", 8));

    /** A tensor; {@code begin} and {@code end} count bytes from the start of the data. */
    record Entry(String name, String dtype, List<Long> shape, long begin, long end) {
        /** Length in bytes. */
        long bytes() {
            return end - begin;
        }
    }

    private final Map<String, String> metadata;
    private final List<Entry> entries;
    private final byte[] bytes;

    private SafetensorsHeader(Map<String, String> metadata, List<Entry> entries, byte[] bytes) {
        this.metadata = metadata;
        this.entries = entries;
        this.bytes = bytes;
    }

    /** The header of a new file with F32 tensors of these shapes, in this order. */
    static SafetensorsHeader of(Map<String, String> metadata, Map<String, List<Long>> shapes) {
        JsonObject json = new JsonObject().put(METADATA, metadata);
        List<Entry> entries = new ArrayList<>();
        long end = 0;
        for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
            long begin = end;
            end += sizeOf("F32", tensor.getValue());
            entries.add(new Entry(tensor.getKey(), "F32", tensor.getValue(), begin, end));
            json.put(
                    tensor.getKey(),
                    new JsonObject()
                            .put("dtype", "F32")
                            .put("shape", tensor.getValue())
                            .put("data_offsets", List.of(begin, end)));
        }
        return new SafetensorsHeader(Map.copyOf(metadata), List.copyOf(entries), encode(json));
    }

    /** Padded with spaces, so that the data is aligned to 8 bytes. */
    private static byte[] encode(JsonObject json) {
        byte[] utf8 = Json.line(json).getBytes(StandardCharsets.UTF_8);
        int padded = (utf8.length + 7) & ~7;
        ByteBuffer out = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(padded).put(utf8);
        Arrays.fill(out.array(), 8 + utf8.length, out.capacity(), (byte) ' ');
        return out.array();
    }

    /** Reads the header of {@code file}, which has {@code fileBytes} bytes in all. */
    static SafetensorsHeader read(String file, InputStream in, long fileBytes) throws IOException {
        byte[] prefix = in.readNBytes(8);
        if (prefix.length < 8) {
            throw broken(file, 0, "ends after " + prefix.length + " bytes, before the length of its header");
        }
        long length = ByteBuffer.wrap(prefix).order(ByteOrder.LITTLE_ENDIAN).getLong();
        if (length < 2 || length > MAX_BYTES) {
            throw broken(
                    file,
                    0,
                    "claims a header of " + Long.toUnsignedString(length) + " bytes, but 2 to " + MAX_BYTES
                            + " are possible; it is no safetensors file");
        }
        if (length > fileBytes - 8) {
            throw broken(file, 0, "claims a header of " + length + " bytes, but has only " + fileBytes + " bytes");
        }
        byte[] json = in.readNBytes((int) length);
        if (json.length < length) {
            throw broken(file, 8 + json.length, "ends within its header of " + length + " bytes");
        }
        if (json[0] != '{') {
            throw broken(file, 8, "does not begin its header with '{'; it is no safetensors file");
        }
        byte[] bytes = Arrays.copyOf(prefix, 8 + json.length);
        System.arraycopy(json, 0, bytes, 8, json.length);
        return parse(file, bytes, json, fileBytes - 8 - length);
    }

    private static SafetensorsHeader parse(String file, byte[] bytes, byte[] json, long dataBytes) {
        try {
            JsonObject root = Json.parseObject(file, json, MAX_BYTES);
            Map<String, String> metadata = new TreeMap<>();
            List<Entry> entries = new ArrayList<>();
            for (String name : root.names()) {
                if (name.equals(METADATA)) {
                    JsonObject values = root.getObject(name);
                    values.names().forEach(key -> metadata.put(key, values.getString(key)));
                } else {
                    entries.add(entry(name, root.getObject(name)));
                }
            }
            entries.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
            checkContiguous(file, bytes.length, entries, dataBytes);
            return new SafetensorsHeader(metadata, List.copyOf(entries), bytes);
        } catch (PolyglowException e) {
            throw e.kind() == ErrorKind.CHECKPOINT
                    ? e
                    : new PolyglowException(ErrorKind.CHECKPOINT, "safetensors header of " + e.getMessage(), e);
        }
    }

    private static Entry entry(String name, JsonObject json) {
        json.refuseUnknown(ENTRY);
        String dtype = json.getString("dtype");
        if (!ELEMENT_BYTES.containsKey(dtype)) {
            throw json.problem("dtype", "unknown dtype \"" + dtype + "\".");
        }
        List<Long> shape = longs(json, "shape");
        List<Long> offsets = longs(json, "data_offsets");
        if (offsets.size() != 2) {
            throw json.problem("data_offsets", "must be two numbers.");
        }
        long begin = offsets.get(0);
        long end = offsets.get(1);
        long size;
        try {
            size = sizeOf(dtype, shape);
        } catch (ArithmeticException e) {
            throw json.problem("shape", "the size of " + shape + " overflows.");
        }
        if (end - begin != size) {
            throw json.problem(
                    "data_offsets",
                    "[" + begin + ", " + end + ") does not hold the " + size + " bytes of " + dtype + shape + ".");
        }
        return new Entry(name, dtype, shape, begin, end);
    }

    private static List<Long> longs(JsonObject json, String name) {
        List<Long> values = new ArrayList<>();
        for (int i = 0; i < json.getArray(name).size(); i++) {
            values.add(json.getArray(name).getLong(i, 0, Long.MAX_VALUE));
        }
        return List.copyOf(values);
    }

    private static long sizeOf(String dtype, List<Long> shape) {
        long size = ELEMENT_BYTES.getOrDefault(dtype, 0);
        for (long dim : shape) {
            size = Math.multiplyExact(size, dim);
        }
        return size;
    }

    private static void checkContiguous(String file, int headerBytes, List<Entry> entries, long dataBytes) {
        long end = 0;
        for (Entry entry : entries) {
            if (entry.begin() != end) {
                throw broken(
                        file,
                        headerBytes + end,
                        "has a " + (entry.begin() > end ? "hole before" : "overlap at") + " tensor '" + entry.name()
                                + "', which begins at byte " + entry.begin() + " of the data instead of " + end);
            }
            end = entry.end();
        }
        if (end != dataBytes) {
            throw broken(
                    file,
                    headerBytes + Math.min(end, dataBytes),
                    "has " + dataBytes + " bytes of data, but its tensors need " + end
                            + "; it is truncated or has foreign bytes at its end");
        }
    }

    static PolyglowException broken(String file, long offset, String what) {
        return new PolyglowException(ErrorKind.CHECKPOINT, file + ", byte " + offset + ": the file " + what + ".");
    }

    Map<String, String> metadata() {
        return metadata;
    }

    /** The tensors in the order of their data. */
    List<Entry> entries() {
        return entries;
    }

    /** The header as it is in the file, with its length. */
    byte[] bytes() {
        return bytes.clone();
    }

    /** Where the data begins. */
    int dataOffset() {
        return bytes.length;
    }

    /** Checksum of everything before the data. */
    int crc32c() {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
