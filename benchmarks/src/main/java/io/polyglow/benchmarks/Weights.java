package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/** The f32 tensors of a Hugging Face model directory, by their names there, mapped from its safetensors files. */
public final class Weights {
    private static final int MAX_JSON_BYTES = 16 << 20;
    private final Path folder;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /**
     * A tensor.
     *
     * @param shape its dims, outermost first
     * @param values row by row; position and limit are the caller's to move on a duplicate
     */
    @SuppressWarnings("ArrayRecordComponent") // dims are what libraries take; nobody compares these
    public record Tensor(long[] shape, FloatBuffer values) {}

    private Weights(Path folder) {
        this.folder = folder;
    }

    static Weights read(Path folder) throws IOException {
        Path index = folder.resolve("model.safetensors.index.json");
        if (!Files.exists(index)) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "there are no initial weights in " + folder + "; peers on the JVM need them: leave out --no-check");
        }
        Weights weights = new Weights(folder);
        JsonObject map = Json.parseObject(index.toString(), Files.readAllBytes(index), MAX_JSON_BYTES)
                .getObject("weight_map");
        TreeSet<String> files = new TreeSet<>();
        map.names().forEach(name -> files.add(map.getString(name)));
        for (String file : files) {
            weights.map(folder.resolve(file));
        }
        return weights;
    }

    /** The tensor of this name. */
    public Tensor get(String name) {
        Tensor tensor = tensors.get(name);
        if (tensor == null) {
            throw new PolyglowException(ErrorKind.BUG, folder + " lacks " + name + "; it has " + tensors.keySet());
        }
        return tensor;
    }

    private void map(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer bytes = channel.map(MapMode.READ_ONLY, 0, channel.size()).order(ByteOrder.LITTLE_ENDIAN);
            byte[] header = new byte[Math.toIntExact(bytes.getLong())];
            bytes.get(header);
            ByteBuffer data = bytes.slice();
            JsonObject json = Json.parseObject(file.toString(), header, MAX_JSON_BYTES);
            for (String name : json.names()) {
                if (!name.equals("__metadata__")) {
                    tensors.put(name, tensor(name, json.getObject(name), data));
                }
            }
        }
    }

    private static Tensor tensor(String name, JsonObject entry, ByteBuffer data) {
        if (!entry.getString("dtype").equals("F32")) {
            throw new PolyglowException(ErrorKind.BUG, name + " is " + entry.getString("dtype") + ", expected F32");
        }
        long[] offsets = entry.getArray("data_offsets").longs();
        int begin = Math.toIntExact(offsets[0]);
        ByteBuffer slice = data.slice(begin, Math.toIntExact(offsets[1]) - begin);
        return new Tensor(
                entry.getArray("shape").longs(),
                slice.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
    }
}
