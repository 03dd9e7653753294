package io.polyglow.trainer.checkpoint;

import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.model.ParameterSpec;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a checkpoint consists of: its files, and where in them each parameter and each slice of the optimizer's state lies. Every rank
 * lists what it wrote; the manifest holds the union.
 */
record Inventory(List<FileEntry> files, List<TensorEntry> tensors, List<SliceEntry> slices) {
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*");
    private static final Set<String> NAMES = Set.of("files", "tensors", "slices");

    /** A file and the CRC32C of all its bytes; for safetensors files also that of the header, 0 for others. */
    record FileEntry(String name, long bytes, int crc32c, int headerCrc32c) {}

    /** A whole parameter, F32, in one file. */
    record TensorEntry(String name, String file, List<Long> shape, int crc32c) {
        /** Number of elements. */
        long size() {
            return shape.stream().reduce(1L, Math::multiplyExact);
        }
    }

    /** Both moments of elements {@code [from, from + count)} of a parameter. */
    record SliceEntry(String parameter, long from, long count, String file, int firstCrc32c, int secondCrc32c) {
        /** Name of the first moment's tensor in the file. */
        String first() {
            return "exp_avg/" + parameter + "/" + from;
        }

        /** Name of the second moment's tensor in the file. */
        String second() {
            return "exp_avg_sq/" + parameter + "/" + from;
        }
    }

    static Inventory empty() {
        return new Inventory(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    void addAll(Inventory other) {
        files.addAll(other.files);
        tensors.addAll(other.tensors);
        slices.addAll(other.slices);
    }

    /** Throws unless every parameter of the model is there once, in its shape, and the optimizer's state once for every element of it. */
    void requireComplete(List<ParameterSpec> model) {
        Map<String, TensorEntry> saved = new HashMap<>();
        for (TensorEntry tensor : tensors) {
            if (saved.put(tensor.name, tensor) != null) {
                throw new IllegalStateException("two ranks saved the parameter " + tensor.name);
            }
        }
        Map<String, Long> state = elementsWithState();
        for (ParameterSpec parameter : model) {
            String name = parameter.name();
            TensorEntry tensor = saved.remove(name);
            if (tensor == null || !tensor.shape.equals(parameter.shape())) {
                throw new IllegalStateException("no rank saved the parameter " + name + " " + parameter.shape()
                        + (tensor == null ? "" : ", one saved " + tensor.shape));
            }
            Long elements = state.remove(name);
            if (elements == null || elements != parameter.size()) {
                throw new IllegalStateException("optimizer state for " + (elements == null ? 0 : elements) + " of "
                        + parameter.size() + " elements of " + name);
            }
        }
        if (!saved.isEmpty() || !state.isEmpty()) {
            throw new IllegalStateException(
                    "the model has no parameters " + saved.keySet() + " and none for the state of " + state.keySet());
        }
    }

    /** How many elements of each parameter have state; from the first one on, without a hole. */
    private Map<String, Long> elementsWithState() {
        Map<String, Long> ends = new HashMap<>();
        slices.stream().sorted(Comparator.comparingLong(SliceEntry::from)).forEach(slice -> {
            long end = ends.getOrDefault(slice.parameter, 0L);
            if (slice.from != end) {
                throw new IllegalStateException("optimizer state of " + slice.parameter + " goes up to element " + end
                        + ", then on from element " + slice.from);
            }
            ends.put(slice.parameter, end + slice.count);
        });
        return ends;
    }

    void putInto(JsonObject json) {
        json.put("files", files.stream().map(Inventory::json).toList());
        json.put("tensors", tensors.stream().map(Inventory::json).toList());
        json.put("slices", slices.stream().map(Inventory::json).toList());
    }

    static Set<String> names() {
        return NAMES;
    }

    static Inventory from(JsonObject json) {
        Inventory inventory = empty();
        json.getArray("files").objects().forEach(each -> inventory.files.add(file(each)));
        json.getArray("tensors").objects().forEach(each -> inventory.tensors.add(tensor(each)));
        json.getArray("slices").objects().forEach(each -> inventory.slices.add(slice(each)));
        return inventory;
    }

    private static JsonObject json(FileEntry file) {
        JsonObject json =
                new JsonObject().put("name", file.name).put("bytes", file.bytes).put("crc32c", hex(file.crc32c));
        return file.headerCrc32c == 0 ? json : json.put("header_crc32c", hex(file.headerCrc32c));
    }

    private static FileEntry file(JsonObject json) {
        json.refuseUnknown(Set.of("name", "bytes", "crc32c", "header_crc32c"));
        int header = json.has("header_crc32c") ? crc(json, "header_crc32c") : 0;
        return new FileEntry(
                fileName(json, "name"), json.getLong("bytes", 0, Long.MAX_VALUE), crc(json, "crc32c"), header);
    }

    private static JsonObject json(TensorEntry tensor) {
        return new JsonObject()
                .put("name", tensor.name)
                .put("file", tensor.file)
                .put("shape", tensor.shape)
                .put("crc32c", hex(tensor.crc32c));
    }

    private static TensorEntry tensor(JsonObject json) {
        json.refuseUnknown(Set.of("name", "file", "shape", "crc32c"));
        List<Long> shape = new ArrayList<>();
        for (long dim : json.getArray("shape").longs()) {
            shape.add(dim);
        }
        return new TensorEntry(json.getString("name"), fileName(json, "file"), List.copyOf(shape), crc(json, "crc32c"));
    }

    private static JsonObject json(SliceEntry slice) {
        return new JsonObject()
                .put("parameter", slice.parameter)
                .put("from", slice.from)
                .put("count", slice.count)
                .put("file", slice.file)
                .put("exp_avg_crc32c", hex(slice.firstCrc32c))
                .put("exp_avg_sq_crc32c", hex(slice.secondCrc32c));
    }

    private static SliceEntry slice(JsonObject json) {
        json.refuseUnknown(Set.of("parameter", "from", "count", "file", "exp_avg_crc32c", "exp_avg_sq_crc32c"));
        return new SliceEntry(
                json.getString("parameter"),
                json.getLong("from", 0, Long.MAX_VALUE),
                json.getLong("count", 1, Long.MAX_VALUE),
                fileName(json, "file"),
                crc(json, "exp_avg_crc32c"),
                crc(json, "exp_avg_sq_crc32c"));
    }

    /** A name that stays inside the checkpoint's directory. */
    private static String fileName(JsonObject json, String name) {
        String value = json.getString(name);
        if (!FILE_NAME.matcher(value).matches()) {
            throw json.problem(name, "\"" + value + "\" is not a plain file name.");
        }
        return value;
    }

    static String hex(int crc) {
        return HexFormat.of().toHexDigits(crc);
    }

    private static int crc(JsonObject json, String name) {
        String value = json.getString(name);
        try {
            return HexFormat.fromHexDigits(value);
        } catch (IllegalArgumentException e) {
            throw json.problem(name, "\"" + value + "\" is not a CRC32C in hex.");
        }
    }
}
