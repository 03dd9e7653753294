package io.polyglow.cluster.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

class FrameTest {
    private static final int AT = 24;

    private final FrameDecoder decoder = new FrameDecoder();

    private static void encode(MutableDirectBuffer buffer, long sequence, long total, long offset, byte[] payload) {
        FrameEncoder encoder = new FrameEncoder(0x11223344, 3, 2);
        encoder.begin(
                buffer,
                AT,
                StreamKind.REPLICAS,
                Operation.REDUCE_SCATTER,
                PayloadType.F32,
                8,
                sequence,
                total,
                offset,
                payload.length);
        buffer.putBytes(encoder.payloadAt(), payload);
        encoder.seal();
    }

    private static UnsafeBuffer buffer(int payload) {
        return new UnsafeBuffer(ByteBuffer.allocateDirect(AT + FrameLayout.HEADER_BYTES + payload + 16));
    }

    @Test
    void shouldHaveGoldenBytes() {
        UnsafeBuffer buffer = buffer(4);
        encode(buffer, 5, 1000, 996, new byte[] {1, 2, 3, 4});
        byte[] frame = new byte[FrameLayout.HEADER_BYTES + 4];
        buffer.getBytes(AT, frame);
        assertThat(HexFormat.of().formatHex(frame))
                .isEqualTo("50474c57" + "01030201" + "44332211" + "03000000" + "02000000" + "08000000"
                        + "0500000000000000" + "e803000000000000" + "e403000000000000" + "04000000" + "0000000000000000"
                        + "625a1f7f" + "01020304");
    }

    @Property
    void shouldReadWhatWasWritten(
            @ForAll @LongRange(min = 0, max = Long.MAX_VALUE - 2000) long offset,
            @ForAll @IntRange(max = 2000) int length,
            @ForAll long sequence) {
        for (MutableDirectBuffer buffer :
                new MutableDirectBuffer[] {buffer(length), new UnsafeBuffer(new byte[AT + 80 + length])}) {
            encode(buffer, sequence, offset + length, offset, new byte[length]);
            assertThat(decoder.wrap(buffer, AT, FrameLayout.HEADER_BYTES + length))
                    .isNull();
            assertThat(decoder.run()).isEqualTo(0x11223344);
            assertThat(decoder.epoch()).isEqualTo(3);
            assertThat(decoder.source()).isEqualTo(2);
            assertThat(decoder.stream()).isEqualTo(StreamKind.REPLICAS);
            assertThat(decoder.operation()).isEqualTo(Operation.REDUCE_SCATTER);
            assertThat(decoder.type()).isEqualTo(PayloadType.F32);
            assertThat(decoder.detail()).isEqualTo(8);
            assertThat(decoder.sequence()).isEqualTo(sequence);
            assertThat(decoder.total()).isEqualTo(offset + length);
            assertThat(decoder.offset()).isEqualTo(offset);
            assertThat(decoder.payloadLength()).isEqualTo(length);
            assertThat(decoder.payloadAt()).isEqualTo(AT + FrameLayout.HEADER_BYTES);
        }
    }

    @Property
    void shouldRefuseWhenAnyBitIsFlipped(@ForAll @IntRange(max = 300) int length, @ForAll Random random) {
        UnsafeBuffer buffer = buffer(length);
        byte[] payload = new byte[length];
        random.nextBytes(payload);
        encode(buffer, 1, length, 0, payload);
        int bit = random.nextInt(8 * (FrameLayout.HEADER_BYTES + length));
        int at = AT + bit / 8;
        buffer.putByte(at, (byte) (buffer.getByte(at) ^ (1 << (bit % 8))));
        assertThat(decoder.wrap(buffer, AT, FrameLayout.HEADER_BYTES + length)).isNotNull();
    }

    @Property
    void shouldRefuseWithoutThrowingWhenBytesAreGarbage(@ForAll byte[] bytes, @ForAll Random random) {
        UnsafeBuffer garbage = new UnsafeBuffer(bytes);
        assertThat(decoder.wrap(garbage, 0, bytes.length)).isNotNull();
        byte[] withHeader = new byte[FrameLayout.HEADER_BYTES + random.nextInt(50)];
        random.nextBytes(withHeader);
        UnsafeBuffer lying = new UnsafeBuffer(withHeader);
        lying.putInt(FrameLayout.MAGIC_AT, FrameLayout.MAGIC);
        lying.putByte(FrameLayout.VERSION_AT, (byte) FrameLayout.VERSION);
        assertThat(decoder.wrap(lying, 0, withHeader.length)).isNotNull();
    }

    /** A sender that is not corrupt but wrong: the checksum holds, the fields do not. */
    @Property
    void shouldRefuseWhenFieldsLieUnderValidChecksum(@ForAll Random random) {
        UnsafeBuffer buffer = buffer(16);
        encode(buffer, 1, 16, 0, new byte[16]);
        switch (random.nextInt(6)) {
            case 0 -> buffer.putByte(AT + FrameLayout.OPERATION_AT, (byte) (8 + random.nextInt(248)));
            case 1 -> buffer.putByte(AT + FrameLayout.STREAM_AT, (byte) (5 + random.nextInt(251)));
            case 2 -> buffer.putByte(AT + FrameLayout.TYPE_AT, (byte) (2 + random.nextInt(254)));
            case 3 -> buffer.putLong(AT + FrameLayout.OFFSET_AT, random.nextLong() | 1);
            case 4 -> buffer.putLong(AT + FrameLayout.TOTAL_AT, random.nextLong() | Long.MIN_VALUE);
            default -> buffer.putLong(AT + FrameLayout.RESERVED_AT, random.nextLong() | 1);
        }
        buffer.putInt(AT + FrameLayout.CRC_AT, new FrameChecksum().of(buffer, AT, 16));
        assertThat(decoder.wrap(buffer, AT, FrameLayout.HEADER_BYTES + 16))
                .isNotNull()
                .doesNotContain("CRC32C");
    }

    @Test
    void shouldNameVersionsWhenTheyDiffer() {
        UnsafeBuffer buffer = buffer(0);
        encode(buffer, 1, 0, 0, new byte[0]);
        buffer.putByte(AT + FrameLayout.VERSION_AT, (byte) 9);
        assertThat(decoder.wrap(buffer, AT, FrameLayout.HEADER_BYTES)).contains("wire version is 9", "only 1");
    }
}
