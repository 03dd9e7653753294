package io.polyglow.trainer.checkpoint;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.Inventory.FileEntry;
import io.polyglow.trainer.checkpoint.Inventory.SliceEntry;
import io.polyglow.trainer.checkpoint.Inventory.TensorEntry;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.optim.MomentSlice;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;

/**
 * Writes one rank's files of a checkpoint, reads them back, and tells the committing rank through a small file. {@link #take} runs on
 * the training thread, {@link #write} on the saving thread, never both at once.
 */
final class PartWriter implements AutoCloseable {
    private static final int CHUNK = 1 << 20;

    private final Store run;
    private final int rank;
    private final int ranks;
    private final RankState state;
    private final List<HostCopy> weights = new ArrayList<>();
    private final List<HostCopy> moments = new ArrayList<>();
    private final byte[] chunk = new byte[CHUNK];

    PartWriter(Store run, int rank, int ranks, RankState state) {
        this.run = run;
        this.rank = rank;
        this.ranks = ranks;
        this.state = state;
        state.weights().forEach(weight -> weights.add(new HostCopy(weight.value())));
        for (MomentSlice slice : state.slices()) {
            moments.add(new HostCopy(slice.first()));
            moments.add(new HostCopy(slice.second()));
        }
    }

    static String partFile(String directory, int rank) {
        return directory + "-parts/" + String.format(Locale.ROOT, "part-%05d.json", rank);
    }

    void take(Engine engine) {
        weights.forEach(copy -> copy.take(engine));
        moments.forEach(copy -> copy.take(engine));
    }

    void write(String directory, Map<String, String> metadata, Retry retry) throws IOException {
        Inventory part = Inventory.empty();
        if (!weights.isEmpty()) {
            writeWeights(directory, metadata, part, retry);
        }
        if (!moments.isEmpty()) {
            writeMoments(directory, metadata, part, retry);
        }
        // Once announced, files belong to the committing rank: only the announcement itself is repeated.
        retry.run("announcing " + partFile(directory, rank), again -> announce(directory, part, again));
    }

    private void writeWeights(String directory, Map<String, String> metadata, Inventory part, Retry retry)
            throws IOException {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (int i = 0; i < weights.size(); i++) {
            shapes.put(state.weights().get(i).name(), weights.get(i).shape());
        }
        String file = name("model");
        SafetensorsHeader header = SafetensorsHeader.of(metadata, shapes);
        List<Integer> crcs = writeFile(directory, file, header, weights, part, retry);
        int i = 0;
        for (Map.Entry<String, List<Long>> tensor : shapes.entrySet()) {
            part.tensors().add(new TensorEntry(tensor.getKey(), file, tensor.getValue(), crcs.get(i++)));
        }
    }

    private void writeMoments(String directory, Map<String, String> metadata, Inventory part, Retry retry)
            throws IOException {
        String file = name("optimizer");
        List<SliceEntry> slices = new ArrayList<>();
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (MomentSlice slice : state.slices()) {
            long count = slice.first().size();
            SliceEntry entry = new SliceEntry(slice.parameter(), slice.from(), count, file, 0, 0);
            slices.add(entry);
            shapes.put(entry.first(), List.of(count));
            shapes.put(entry.second(), List.of(count));
        }
        SafetensorsHeader header = SafetensorsHeader.of(metadata, shapes);
        List<Integer> crcs = writeFile(directory, file, header, moments, part, retry);
        for (int i = 0; i < slices.size(); i++) {
            SliceEntry slice = slices.get(i);
            part.slices()
                    .add(new SliceEntry(
                            slice.parameter(),
                            slice.from(),
                            slice.count(),
                            file,
                            crcs.get(2 * i),
                            crcs.get(2 * i + 1)));
        }
    }

    private List<Integer> writeFile(
            String directory,
            String file,
            SafetensorsHeader header,
            List<HostCopy> tensors,
            Inventory part,
            Retry retry)
            throws IOException {
        String path = directory + "/" + file;
        List<Integer> crcs = new ArrayList<>();
        retry.run("writing " + path, again -> {
            if (again) {
                run.delete(path);
            }
            SafetensorsWriter writer = writeFile(path, header, tensors);
            long bytes = header.dataOffset()
                    + header.entries().get(header.entries().size() - 1).end();
            FileEntry entry = new FileEntry(file, bytes, writer.fileCrc32c(), header.crc32c());
            readBack(path, entry);
            part.files().add(entry);
            crcs.addAll(writer.tensorCrc32c());
        });
        return crcs;
    }

    private SafetensorsWriter writeFile(String path, SafetensorsHeader header, List<HostCopy> tensors)
            throws IOException {
        try (Store.Output out = run.create(path)) {
            SafetensorsWriter writer = new SafetensorsWriter(out, header);
            for (HostCopy tensor : tensors) {
                tensor.write(writer, chunk);
            }
            out.sync();
            return writer;
        }
    }

    /** An older checkpoint is deleted because this one exists, so it must be readable, not only written. */
    private void readBack(String path, FileEntry expected) throws IOException {
        CRC32C crc = new CRC32C();
        long bytes = 0;
        try (InputStream in = run.open(path, 0)) {
            for (int length; (length = in.read(chunk, 0, chunk.length)) >= 0; bytes += length) {
                crc.update(chunk, 0, length);
            }
        }
        if (bytes != expected.bytes() || (int) crc.getValue() != expected.crc32c()) {
            throw new IOException(
                    run.root() + "/" + path + " does not read back as written: " + bytes + " bytes with CRC32C "
                            + Inventory.hex((int) crc.getValue()) + ", expected " + expected.bytes() + " with "
                            + Inventory.hex(expected.crc32c()));
        }
    }

    /** By an atomic move, so that the file is complete when it exists. */
    private void announce(String directory, Inventory part, boolean again) throws IOException {
        if (again && run.exists(partFile(directory, rank))) {
            return; // the move was made, only its answer was lost
        }
        JsonObject json = new JsonObject();
        part.putInto(json);
        Stores.rewrite(run, partFile(directory, rank), Json.line(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Frees the copies; no {@link #write} may run any more. */
    @Override
    public void close() {
        weights.forEach(HostCopy::close);
        moments.forEach(HostCopy::close);
    }

    private String name(String kind) {
        return String.format(Locale.ROOT, "%s-%05d-of-%05d.safetensors", kind, rank + 1, ranks);
    }
}
