package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;

/**
 * The f32 tensors of a Hugging Face model directory, by their names there. A peer reads each into memory of its own: files are not mapped, because what is
 * mapped counts as memory of the process that is measured.
 */
public final class Weights {
    private static final int MAX_JSON_BYTES = 16 << 20;
    private final Path folder;
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /** A tensor in a file. */
    public static final class Tensor {
        private final Path file;
        private final long begin;
        private final long[] shape;

        private Tensor(Path file, long begin, long[] shape) {
            this.file = file;
            this.begin = begin;
            this.shape = shape;
        }

        /** Its dims, outermost first. */
        public long[] shape() {
            return shape.clone();
        }

        /** Fills the memory with its little-endian floats, row by row. */
        public void read(ByteBuffer memory) {
            try (FileChannel channel = FileChannel.open(file)) {
                readAll(channel, memory, begin);
            } catch (IOException e) {
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT, "cannot read " + file + " from byte " + begin + ": " + e, e);
            }
        }
    }

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
            weights.readHeader(folder.resolve(file));
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

    private void readHeader(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            readAll(channel, length, 0);
            ByteBuffer header = ByteBuffer.allocate(Math.toIntExact(length.getLong(0)));
            readAll(channel, header, Long.BYTES);
            JsonObject json = Json.parseObject(file.toString(), header.array(), MAX_JSON_BYTES);
            long data = Long.BYTES + (long) header.capacity();
            for (String name : json.names()) {
                if (!name.equals("__metadata__")) {
                    tensors.put(name, tensor(file, name, json.getObject(name), data));
                }
            }
        }
    }

    private static Tensor tensor(Path file, String name, JsonObject entry, long data) {
        if (!entry.getString("dtype").equals("F32")) {
            throw new PolyglowException(ErrorKind.BUG, name + " is " + entry.getString("dtype") + ", expected F32");
        }
        long begin = data + entry.getArray("data_offsets").longs()[0];
        return new Tensor(file, begin, entry.getArray("shape").longs());
    }

    private static void readAll(FileChannel channel, ByteBuffer memory, long begin) throws IOException {
        int first = memory.position();
        while (memory.hasRemaining()) {
            if (channel.read(memory, begin + memory.position() - first) < 0) {
                throw new EOFException("the file ends " + memory.remaining() + " bytes too early");
            }
        }
    }
}
