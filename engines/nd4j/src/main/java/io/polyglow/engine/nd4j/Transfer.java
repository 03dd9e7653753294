package io.polyglow.engine.nd4j;

import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager.Location;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Moves bytes between tensors and the host. Both ways go through a small array of their own, whose host side ND4J keeps in step with the device; on the
 * CPU that is one copy too many, but the same code. Copying a float moves its bits, whatever they mean.
 */
final class Transfer {
    private static final long PIECE = 1 << 24;

    private Transfer() {}

    static void read(Tensor source, MutableDirectBuffer destination, int offset) {
        requireWholeFloats(source);
        long count = source.bytes() / Float.BYTES;
        for (long i = 0; i < count; i += PIECE) {
            long length = Math.min(PIECE, count - i);
            try (INDArray copy = floats(source, i, length).dup()) {
                Nd4j.getAffinityManager().ensureLocation(copy, Location.HOST);
                destination.putBytes(
                        (int) (offset + i * Float.BYTES), host(copy), 0, Math.toIntExact(length * Float.BYTES));
            }
        }
    }

    static void write(Tensor destination, DirectBuffer source, int offset) {
        requireWholeFloats(destination);
        long count = destination.bytes() / Float.BYTES;
        for (long i = 0; i < count; i += PIECE) {
            long length = Math.min(PIECE, count - i);
            try (INDArray copy = Nd4j.createUninitialized(DataType.FLOAT, length)) {
                source.getBytes((int) (offset + i * Float.BYTES), host(copy), 0, Math.toIntExact(length * Float.BYTES));
                Nd4j.getAffinityManager().tagLocation(copy, Location.HOST);
                floats(destination, i, length).assign(copy);
            }
        }
    }

    /** Token ids, on the host. */
    static int[] ids(Tensor tokens) {
        UnsafeBuffer bytes = new UnsafeBuffer(new byte[Math.toIntExact(tokens.bytes())]);
        read(tokens, bytes, 0);
        int[] ids = new int[Math.toIntExact(tokens.size())];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = bytes.getInt(i * Integer.BYTES, ByteOrder.LITTLE_ENDIAN);
        }
        return ids;
    }

    /** Writes F64 values. */
    static void write(Tensor destination, double[] values) {
        UnsafeBuffer bytes = new UnsafeBuffer(new byte[values.length * Double.BYTES]);
        for (int i = 0; i < values.length; i++) {
            bytes.putDouble(i * Double.BYTES, values[i], ByteOrder.LITTLE_ENDIAN);
        }
        write(destination, bytes, 0);
    }

    /** Writes values into memory that is no tensor. */
    static void write(INDArray destination, float[] values) {
        try (INDArray copy = Nd4j.createFromArray(values)) {
            destination.assign(copy.reshape(destination.shape()));
        }
    }

    private static INDArray floats(Tensor tensor, long from, long count) {
        return Nd4jArena.floats(tensor).view(tensor.offset() / Float.BYTES + from, count);
    }

    private static ByteBuffer host(INDArray array) {
        return array.data().asNio().order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void requireWholeFloats(Tensor tensor) {
        if (tensor.dtype() == DType.BF16) {
            throw new IllegalArgumentException(tensor + " does not fit here: engine nd4j has no BF16");
        }
    }
}
