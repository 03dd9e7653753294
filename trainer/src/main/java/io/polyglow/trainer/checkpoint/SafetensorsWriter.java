package io.polyglow.trainer.checkpoint;

import io.polyglow.common.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Writes the tensors of a safetensors file in the order of its header, taking their checksums on the way. */
final class SafetensorsWriter {
    private final Store.Output out;
    private final SafetensorsHeader header;
    private final CRC32C file = new CRC32C();
    private final List<Integer> tensors = new ArrayList<>();
    private final CRC32C tensor = new CRC32C();
    private long written;

    SafetensorsWriter(Store.Output out, SafetensorsHeader header) throws IOException {
        this.out = out;
        this.header = header;
        byte[] bytes = header.bytes();
        file.update(bytes);
        out.write(bytes);
    }

    /** Appends bytes of the current tensor; the next one begins when it is full. */
    void write(byte[] bytes, int length) throws IOException {
        tensor.update(bytes, 0, length);
        file.update(bytes, 0, length);
        out.write(bytes, 0, length);
        written += length;
        if (written > header.entries().get(tensors.size()).bytes()) {
            throw new IllegalStateException(
                    "too many bytes for tensor " + header.entries().get(tensors.size()));
        }
    }

    /** Ends the current tensor. */
    void endTensor() {
        SafetensorsHeader.Entry entry = header.entries().get(tensors.size());
        if (written != entry.bytes()) {
            throw new IllegalStateException(written + " bytes for tensor " + entry);
        }
        tensors.add((int) tensor.getValue());
        tensor.reset();
        written = 0;
    }

    /** Checksum of the whole file so far. */
    int fileCrc32c() {
        return (int) file.getValue();
    }

    /** Checksums of the tensors written, in order. */
    List<Integer> tensorCrc32c() {
        return tensors;
    }
}
