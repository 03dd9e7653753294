package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.Inventory.FileEntry;
import io.polyglow.trainer.checkpoint.Inventory.SliceEntry;
import io.polyglow.trainer.checkpoint.Inventory.TensorEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import org.agrona.concurrent.NanoClock;

/** Turns the parts of all ranks into a finished checkpoint: gathers, checks, writes the manifest, publishes, retires older ones. */
public final class Committer {
    private static final long DEADLINE_NS = TimeUnit.MINUTES.toNanos(10);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Store run;
    private final CheckpointDirectory checkpoints;
    private final Attempt attempt;
    private final int ranks;
    private final int keep;
    private final Map<String, byte[]> modelFiles;
    private final NanoClock clock;
    private final LongConsumer published;

    /**
     * A committer for a job of {@code ranks} ranks.
     *
     * @param keep how many finished checkpoints to keep, 0 for all
     * @param modelFiles the small files that make the directory a model, by name: {@code config.json}, {@code tokenizer.json}
     * @param clock for the wait for the other ranks
     * @param published told the step of each published checkpoint
     */
    public Committer(
            Store run,
            Attempt attempt,
            int ranks,
            int keep,
            Map<String, byte[]> modelFiles,
            NanoClock clock,
            LongConsumer published) {
        this.run = run;
        this.checkpoints = new CheckpointDirectory(run);
        this.attempt = attempt;
        this.ranks = ranks;
        this.keep = keep;
        this.modelFiles = new TreeMap<>(modelFiles);
        this.clock = clock;
        this.published = published;
    }

    void commit(Manifest manifest) throws IOException {
        String directory = CheckpointDirectory.unfinished(attempt, manifest.step());
        Inventory inventory = manifest.inventory();
        gather(directory, inventory);
        requireComplete(inventory);
        for (Map.Entry<String, byte[]> file : modelFiles.entrySet()) {
            inventory.files().add(write(directory, file.getKey(), file.getValue()));
        }
        inventory.files().add(write(directory, "model.safetensors.index.json", index(inventory)));
        write(directory, Manifest.FILE, manifest.encode());
        attempt.requireNewest(run);
        checkpoints.publish(attempt, manifest.step());
        run.delete(directory + "-parts");
        checkpoints.open(manifest.step());
        published.accept(manifest.step());
        checkpoints.retire(keep);
    }

    private void gather(String directory, Inventory all) throws IOException {
        long deadline = clock.nanoTime() + DEADLINE_NS;
        for (int rank = 0; rank < ranks; rank++) {
            String file = PartWriter.partFile(directory, rank);
            while (!run.exists(file)) {
                waitForPart(rank, deadline);
            }
            byte[] json = Stores.read(run, file, Manifest.MAX_BYTES);
            all.addAll(Inventory.from(Json.parseObject(run.root() + "/" + file, json, Manifest.MAX_BYTES)));
        }
    }

    private void waitForPart(int rank, long deadline) {
        if (clock.nanoTime() - deadline > 0) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "rank " + rank + " has not written its part of a checkpoint to " + run.root() + " for "
                            + TimeUnit.NANOSECONDS.toMinutes(DEADLINE_NS) + " minutes; look at the log of that rank");
        }
        LockSupport.parkNanos(POLL_NS);
        if (Thread.interrupted()) {
            throw new PolyglowException(ErrorKind.PEER_LOST, "saving a checkpoint was interrupted");
        }
    }

    /** Every parameter once, and optimizer state for every element of it once. */
    private static void requireComplete(Inventory all) {
        Set<String> names = new HashSet<>();
        long elements = 0;
        for (TensorEntry tensor : all.tensors()) {
            if (!names.add(tensor.name())) {
                throw new IllegalStateException("two ranks saved the parameter " + tensor.name());
            }
            elements += tensor.size();
        }
        long state = 0;
        for (SliceEntry slice : all.slices()) {
            state += slice.count();
        }
        if (state != elements) {
            throw new IllegalStateException("optimizer state for " + state + " of " + elements + " elements");
        }
    }

    private FileEntry write(String directory, String name, byte[] bytes) throws IOException {
        Stores.write(run, directory + "/" + name, bytes);
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return new FileEntry(name, bytes.length, (int) crc.getValue(), 0);
    }

    /** Hugging Face's index of sharded weights. */
    private static byte[] index(Inventory all) {
        JsonObject map = new JsonObject();
        long bytes = 0;
        for (TensorEntry tensor : all.tensors()) {
            map.put(tensor.name(), tensor.file());
            bytes += tensor.size() * Float.BYTES;
        }
        JsonObject json = new JsonObject()
                .put("metadata", new JsonObject().put("total_size", bytes))
                .put("weight_map", map);
        return Json.pretty(json).getBytes(StandardCharsets.UTF_8);
    }
}
