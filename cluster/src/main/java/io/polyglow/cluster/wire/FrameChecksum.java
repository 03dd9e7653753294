package io.polyglow.cluster.wire;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.agrona.DirectBuffer;

/** CRC32C (Castagnoli) of a frame: its header up to the checksum, then its payload. */
final class FrameChecksum {
    private final CRC32C crc = new CRC32C();

    int of(DirectBuffer buffer, int frameAt, int payloadLength) {
        crc.reset();
        update(buffer, frameAt, FrameLayout.CRC_AT);
        update(buffer, frameAt + FrameLayout.HEADER_BYTES, payloadLength);
        return (int) crc.getValue();
    }

    private void update(DirectBuffer buffer, int index, int length) {
        byte[] array = buffer.byteArray();
        int at = buffer.wrapAdjustment() + index;
        if (array != null) {
            crc.update(array, at, length);
        } else {
            // A view of our own: position and limit of the transport's buffer are not ours to move.
            ByteBuffer bytes = buffer.byteBuffer().duplicate();
            bytes.limit(at + length).position(at);
            crc.update(bytes);
        }
    }
}
