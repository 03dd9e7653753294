package io.polyglow.cluster.wire;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Writes frames in place: {@link #begin}, the payload at {@link #payloadAt}, {@link #seal}. Reusable; one thread. The buffer must be
 * backed by an array or a {@code ByteBuffer}.
 */
public final class FrameEncoder {
    private final FrameChecksum checksum = new FrameChecksum();
    private final int run;
    private final int epoch;
    private final int source;

    private MutableDirectBuffer buffer = new UnsafeBuffer(new byte[0]);
    private int frameAt;
    private int payloadLength;

    /** Every frame will carry this run, epoch and source rank. */
    public FrameEncoder(int run, int epoch, int source) {
        this.run = run;
        this.epoch = epoch;
        this.source = source;
    }

    /** Writes the header, all but the checksum. */
    public void begin(
            MutableDirectBuffer into,
            int index,
            StreamKind stream,
            Operation operation,
            PayloadType type,
            int detail,
            long sequence,
            long total,
            long offset,
            int length) {
        buffer = into;
        frameAt = index;
        payloadLength = length;
        into.putInt(index + FrameLayout.MAGIC_AT, FrameLayout.MAGIC, LITTLE_ENDIAN);
        into.putByte(index + FrameLayout.VERSION_AT, (byte) FrameLayout.VERSION);
        into.putByte(index + FrameLayout.OPERATION_AT, (byte) operation.code());
        into.putByte(index + FrameLayout.STREAM_AT, (byte) stream.code());
        into.putByte(index + FrameLayout.TYPE_AT, (byte) type.code());
        into.putInt(index + FrameLayout.RUN_AT, run, LITTLE_ENDIAN);
        into.putInt(index + FrameLayout.EPOCH_AT, epoch, LITTLE_ENDIAN);
        into.putInt(index + FrameLayout.SOURCE_AT, source, LITTLE_ENDIAN);
        into.putInt(index + FrameLayout.DETAIL_AT, detail, LITTLE_ENDIAN);
        into.putLong(index + FrameLayout.SEQUENCE_AT, sequence, LITTLE_ENDIAN);
        into.putLong(index + FrameLayout.TOTAL_AT, total, LITTLE_ENDIAN);
        into.putLong(index + FrameLayout.OFFSET_AT, offset, LITTLE_ENDIAN);
        into.putInt(index + FrameLayout.LENGTH_AT, length, LITTLE_ENDIAN);
        into.putLong(index + FrameLayout.RESERVED_AT, 0L, LITTLE_ENDIAN);
    }

    /** Index of the payload's first byte in the buffer given to {@link #begin}. */
    public int payloadAt() {
        return frameAt + FrameLayout.HEADER_BYTES;
    }

    /** Writes the checksum; the payload must be complete. */
    public void seal() {
        int crc = checksum.of(buffer, frameAt, payloadLength);
        buffer.putInt(frameAt + FrameLayout.CRC_AT, crc, LITTLE_ENDIAN);
    }
}
