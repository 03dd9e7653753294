package io.polyglow.cluster.wire;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Reads a frame in place. No field may be read before {@link #wrap} has found no problem: then every field is in range and the
 * checksum holds. Reusable; one thread.
 */
public final class FrameDecoder {
    private final FrameChecksum checksum = new FrameChecksum();
    private DirectBuffer buffer = new UnsafeBuffer(new byte[0]);
    private int frameAt;

    /** Wraps and checks {@code length} bytes at {@code index}; returns what is wrong with them, or null. */
    public @Nullable String wrap(DirectBuffer from, int index, int length) {
        buffer = from;
        frameAt = index;
        if (length < FrameLayout.HEADER_BYTES) {
            return "it has " + length + " bytes, less than a header of " + FrameLayout.HEADER_BYTES;
        }
        if (int32(FrameLayout.MAGIC_AT) != FrameLayout.MAGIC) {
            return "its magic is 0x" + Integer.toHexString(int32(FrameLayout.MAGIC_AT)) + ", not PGLW";
        }
        if (uint8(FrameLayout.VERSION_AT) != FrameLayout.VERSION) {
            return "its wire version is " + uint8(FrameLayout.VERSION_AT) + " and this build speaks only "
                    + FrameLayout.VERSION + "; run the same build of Polyglow on every rank";
        }
        if (payloadLength() != length - FrameLayout.HEADER_BYTES) {
            return "its header claims a payload of " + payloadLength() + " bytes, but "
                    + (length - FrameLayout.HEADER_BYTES) + " follow";
        }
        if (checksum.of(from, index, payloadLength()) != int32(FrameLayout.CRC_AT)) {
            return "its CRC32C does not match its bytes";
        }
        return fieldProblem();
    }

    private @Nullable String fieldProblem() {
        if (!Operation.isKnown(uint8(FrameLayout.OPERATION_AT))) {
            return "its operation code " + uint8(FrameLayout.OPERATION_AT) + " is unknown";
        }
        if (!StreamKind.isKnown(uint8(FrameLayout.STREAM_AT))) {
            return "its stream code " + uint8(FrameLayout.STREAM_AT) + " is unknown";
        }
        if (!PayloadType.isKnown(uint8(FrameLayout.TYPE_AT))) {
            return "its payload type " + uint8(FrameLayout.TYPE_AT) + " is unknown";
        }
        if (int64(FrameLayout.RESERVED_AT) != 0) {
            return "its reserved bytes are not 0";
        }
        if (offset() < 0 || total() < 0 || payloadLength() > total() - offset()) {
            return "its payload [" + offset() + ", +" + payloadLength() + ") lies outside of [0, " + total() + ")";
        }
        return null;
    }

    /** What it is part of. */
    public Operation operation() {
        return Operation.of(uint8(FrameLayout.OPERATION_AT));
    }

    /** The flow it belongs to. */
    public StreamKind stream() {
        return StreamKind.of(uint8(FrameLayout.STREAM_AT));
    }

    /** How to read the payload. */
    public PayloadType type() {
        return PayloadType.of(uint8(FrameLayout.TYPE_AT));
    }

    /** Hash of the run's id. */
    public int run() {
        return int32(FrameLayout.RUN_AT);
    }

    /** Number of the attempt. */
    public int epoch() {
        return int32(FrameLayout.EPOCH_AT);
    }

    /** World rank of the sender. */
    public int source() {
        return int32(FrameLayout.SOURCE_AT);
    }

    /** See {@link Operation}. */
    public int detail() {
        return int32(FrameLayout.DETAIL_AT);
    }

    /** Number of the operation on its stream. */
    public long sequence() {
        return int64(FrameLayout.SEQUENCE_AT);
    }

    /** All bytes of this operation from this source to this peer. */
    public long total() {
        return int64(FrameLayout.TOTAL_AT);
    }

    /** Where the payload belongs within {@link #total}. */
    public long offset() {
        return int64(FrameLayout.OFFSET_AT);
    }

    /** Bytes of payload. */
    public int payloadLength() {
        return int32(FrameLayout.LENGTH_AT);
    }

    /** The wrapped buffer. */
    public DirectBuffer buffer() {
        return buffer;
    }

    /** Index of the payload's first byte in {@link #buffer}. */
    public int payloadAt() {
        return frameAt + FrameLayout.HEADER_BYTES;
    }

    private int uint8(int at) {
        return buffer.getByte(frameAt + at) & 0xFF;
    }

    private int int32(int at) {
        return buffer.getInt(frameAt + at, LITTLE_ENDIAN);
    }

    private long int64(int at) {
        return buffer.getLong(frameAt + at, LITTLE_ENDIAN);
    }
}
