package io.polyglow.common.trace;

import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.RetriedOutput;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.agrona.concurrent.EpochClock;

/**
 * A TensorBoard event file with scalars. Records are framed as TFRecord:
 *
 * <pre>
 *   u64 length | u32 masked CRC32C of length | length bytes | u32 masked CRC32C of the bytes       (little-endian)
 * </pre>
 *
 * and each is a protobuf {@code tensorflow.Event}: {@code wall_time = 1 (double), step = 2 (int64), file_version = 3 (string), summary = 5 {value = 1 {tag = 1,
 * simple_value = 2 (float)}}, session_log = 7 {status = 1}}.
 */
final class TensorBoardEvents implements Closeable {
    private static final int MASK_DELTA = 0xA282EAD8;
    private static final int SESSION_START = 1;

    private final RetriedOutput out;
    private final EpochClock clock;

    private TensorBoardEvents(RetriedOutput out, EpochClock clock) {
        this.out = out;
        this.clock = clock;
    }

    /** A new file; TensorBoard then drops what earlier files of the run say about {@code firstStep} and later. */
    static TensorBoardEvents create(Store run, long firstStep, Retry retry, RetriedOutput.Fence fence, EpochClock clock)
            throws IOException {
        RetriedOutput out = RetriedOutput.create(run, freeName(run, clock.time()), retry, fence);
        TensorBoardEvents events = new TensorBoardEvents(out, clock);
        try {
            events.write(events.event(0).string(3, "brain.Event:2"));
            events.write(events.event(firstStep).message(7, new Protobuf().varint(1, SESSION_START)));
            return events;
        } catch (IOException | RuntimeException e) {
            try (events) {
                throw e;
            }
        }
    }

    /** TensorBoard reads files in order of their names, which begin with seconds. */
    private static String freeName(Store run, long millis) throws IOException {
        String name = "events.out.tfevents." + millis / 1000 + ".polyglow";
        String free = name;
        for (int i = 2; run.exists(free); i++) {
            free = name + "." + i;
        }
        return free;
    }

    /** One scalar for each number of {@code metrics} but the step itself; numbers in nested objects are named {@code outer/inner}. */
    void scalars(long step, JsonObject metrics) throws IOException {
        Protobuf summary = new Protobuf();
        addScalars("", metrics, summary);
        write(event(step).message(5, summary));
    }

    private static void addScalars(String prefix, JsonObject metrics, Protobuf summary) {
        for (String name : metrics.names()) {
            Object value = metrics.get(name);
            if (value instanceof JsonObject nested) {
                addScalars(prefix + name + "/", nested, summary);
            } else if (value instanceof Number number && !(prefix + name).equals("step")) {
                summary.message(1, new Protobuf().string(1, prefix + name).fixed32(2, number.floatValue()));
            }
        }
    }

    void sync() throws IOException {
        out.sync();
    }

    void giveUp() {
        out.giveUp();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }

    private Protobuf event(long step) {
        return new Protobuf().fixed64(1, clock.time() / 1000.0).varint(2, step);
    }

    private void write(Protobuf event) throws IOException {
        byte[] data = event.bytes();
        ByteBuffer header =
                ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN).putLong(data.length);
        header.putInt(maskedCrc(header.array(), 8));
        out.write(header.array());
        out.write(data);
        out.write(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(maskedCrc(data, data.length))
                .array());
    }

    /** TFRecord rotates and shifts its CRCs, because a CRC over data that contains its own CRC is weak. */
    private static int maskedCrc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    /** The few lines of protobuf encoding that an event needs. */
    private static final class Protobuf {
        private static final int VARINT = 0;
        private static final int FIXED64 = 1;
        private static final int BYTES = 2;
        private static final int FIXED32 = 5;

        private final ByteArrayOutputStream out = new ByteArrayOutputStream(128);

        byte[] bytes() {
            return out.toByteArray();
        }

        Protobuf varint(int field, long value) {
            rawVarint((long) field << 3 | VARINT);
            rawVarint(value);
            return this;
        }

        Protobuf fixed64(int field, double value) {
            rawVarint((long) field << 3 | FIXED64);
            out.writeBytes(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putDouble(value)
                    .array());
            return this;
        }

        Protobuf fixed32(int field, float value) {
            rawVarint((long) field << 3 | FIXED32);
            out.writeBytes(ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(value)
                    .array());
            return this;
        }

        Protobuf string(int field, String value) {
            return raw(field, value.getBytes(StandardCharsets.UTF_8));
        }

        Protobuf message(int field, Protobuf value) {
            return raw(field, value.bytes());
        }

        private Protobuf raw(int field, byte[] value) {
            rawVarint((long) field << 3 | BYTES);
            rawVarint(value.length);
            out.writeBytes(value);
            return this;
        }

        private void rawVarint(long value) {
            long rest = value;
            while ((rest & ~0x7FL) != 0) {
                out.write((int) (rest & 0x7F) | 0x80);
                rest >>>= 7;
            }
            out.write((int) rest);
        }
    }
}
