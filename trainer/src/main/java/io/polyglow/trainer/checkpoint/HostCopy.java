package io.polyglow.trainer.checkpoint;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/** A copy of a tensor in host memory that is set aside once: taken on the training thread, written on another. */
final class HostCopy implements AutoCloseable {
    private static final int PIECE = 64 << 20;

    private final List<Tensor> sources = new ArrayList<>();
    private final List<UnsafeBuffer> copies = new ArrayList<>();
    private final List<Long> shape = new ArrayList<>();

    HostCopy(Tensor source) {
        for (long dim : source.shape()) {
            shape.add(dim);
        }
        long elements = PIECE / source.dtype().bytes();
        for (long from = 0; from < source.size(); from += elements) {
            Tensor piece = source.slice(from, Math.min(elements, source.size() - from));
            sources.add(piece);
            copies.add(new UnsafeBuffer(ByteBuffer.allocateDirect((int) piece.bytes())));
        }
    }

    List<Long> shape() {
        return shape;
    }

    void take(Engine engine) {
        for (int i = 0; i < sources.size(); i++) {
            engine.read(sources.get(i), copies.get(i), 0);
        }
    }

    void write(SafetensorsWriter writer, byte[] chunk) throws IOException {
        for (UnsafeBuffer copy : copies) {
            for (int at = 0; at < copy.capacity(); at += chunk.length) {
                int length = Math.min(chunk.length, copy.capacity() - at);
                copy.getBytes(at, chunk, 0, length);
                writer.write(chunk, length);
            }
        }
        writer.endTensor();
    }

    /** Frees the memory at once: the next attempt of a run may begin in this process long before garbage is collected. Nothing may use the copy any more. */
    @Override
    public void close() {
        copies.forEach(BufferUtil::free);
        copies.clear();
    }
}
