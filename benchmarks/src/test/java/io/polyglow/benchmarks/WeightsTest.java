package io.polyglow.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class WeightsTest {
    private static final String FILE = "model-00001.safetensors";

    @TempDir
    Path folder;

    /** A file with one tensor {@code w} of 2 x 3 at this offset of its data; what lies before it takes no room on the disk. */
    private Weights weights(long offset, float... values) throws IOException {
        String header =
                "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[" + offset + "," + (offset + 24) + "]}}";
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(json.length).put(json).flip();
        ByteBuffer data = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        data.asFloatBuffer().put(values);
        try (FileChannel file =
                FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            file.write(head, 0);
            file.write(data, 8 + json.length + offset);
        }
        Files.writeString(folder.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"w\":\"" + FILE + "\"}}");
        return Weights.read(folder);
    }

    private static float[] read(Weights.Tensor tensor) {
        ByteBuffer memory = ByteBuffer.allocateDirect(24).order(ByteOrder.LITTLE_ENDIAN);
        tensor.read(memory);
        float[] values = new float[6];
        memory.flip().asFloatBuffer().get(values);
        return values;
    }

    @Test
    void shouldReadATensorThatLiesBeyondTwoGibibytes() throws IOException {
        Weights.Tensor tensor = weights(3L << 30, 1, 2, 3, 4, 5, 6).get("w");

        assertThat(tensor.shape()).containsExactly(2, 3);
        assertThat(read(tensor)).containsExactly(1, 2, 3, 4, 5, 6);
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldKeepNothingOfAFileMapped() throws IOException {
        Weights weights = weights(0, 1, 2, 3, 4, 5, 6);

        read(weights.get("w"));

        assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain(FILE);
    }

    @Test
    void shouldSayWhereAFileEndsTooEarly() throws IOException {
        Weights.Tensor tensor = weights(0, 1, 2).get("w");

        assertThatThrownBy(() -> read(tensor)).hasMessageContaining(FILE).hasMessageContaining("16 bytes too early");
    }

    @Test
    void shouldNameTheTensorsWhenOneIsMissing() throws IOException {
        Weights weights = weights(0, 1, 2, 3, 4, 5, 6);

        assertThatThrownBy(() -> weights.get("bias"))
                .hasMessageContaining("lacks bias")
                .hasMessageContaining("[w]");
    }
}
