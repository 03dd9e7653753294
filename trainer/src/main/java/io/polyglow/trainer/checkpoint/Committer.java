package io.polyglow.trainer.checkpoint;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.checkpoint.Inventory.FileEntry;
import io.polyglow.trainer.checkpoint.Inventory.TensorEntry;
import io.polyglow.trainer.model.ParameterSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;
import org.agrona.concurrent.NanoClock;

/** Turns the parts of all ranks into a finished checkpoint: gathers, checks, writes the manifest, publishes, retires older ones. */
public final class Committer {
    private static final Duration DEADLINE = Duration.ofMinutes(10);
    private static final long FIRST_POLL_NS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long POLL_NS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Store run;
    private final CheckpointDirectory checkpoints;
    private final Attempt attempt;
    private final int ranks;
    private final int keep;
    private final List<ParameterSpec> parameters;
    private final Map<String, byte[]> modelFiles;
    private final NanoClock clock;
    private final LongConsumer published;

    /**
     * A committer for a job of {@code ranks} ranks.
     *
     * @param keep how many finished checkpoints to keep, 0 for all
     * @param parameters what a whole checkpoint holds
     * @param modelFiles the small files that make the directory a model, by name: {@code config.json}, {@code tokenizer.json}
     * @param clock for the wait for the other ranks
     * @param published told the step of each published checkpoint
     */
    public Committer(
            Store run,
            Attempt attempt,
            int ranks,
            int keep,
            List<ParameterSpec> parameters,
            Map<String, byte[]> modelFiles,
            NanoClock clock,
            LongConsumer published) {
        this.run = run;
        this.checkpoints = new CheckpointDirectory(run);
        this.attempt = attempt;
        this.ranks = ranks;
        this.keep = keep;
        this.parameters = parameters;
        this.modelFiles = new TreeMap<>(modelFiles);
        this.clock = clock;
        this.published = published;
    }

    /** How long rank 0 waits for the parts of the others when the store may fail for {@code retry}; for so long all ranks may be silent. */
    public static Duration deadline(Duration retry) {
        return DEADLINE.plus(retry);
    }

    void commit(Manifest manifest, Retry retry) throws IOException {
        long step = manifest.step();
        String directory = CheckpointDirectory.unfinished(attempt, step);
        Inventory inventory = manifest.inventory();
        gather(directory, inventory, retry);
        inventory.requireComplete(parameters);
        for (Map.Entry<String, byte[]> file : modelFiles.entrySet()) {
            inventory.files().add(write(directory, file.getKey(), file.getValue(), retry));
        }
        inventory.files().add(write(directory, "model.safetensors.index.json", index(inventory), retry));
        write(directory, Manifest.FILE, manifest.encode(), retry);
        retry.run("publishing " + CheckpointDirectory.path(step), again -> publish(step, again));
        retry.run("deleting " + directory + "-parts", again -> run.delete(directory + "-parts"));
        retry.run("opening " + CheckpointDirectory.path(step), again -> checkpoints.open(step));
        published.accept(step);
        retry.run("retiring checkpoints", again -> checkpoints.retire(keep));
    }

    private void publish(long step, boolean again) throws IOException {
        attempt.requireNewest(run);
        if (!again || !checkpoints.isPublished(attempt, step)) {
            checkpoints.publish(attempt, step);
        }
    }

    private void gather(String directory, Inventory all, Retry retry) throws IOException {
        Duration patience = deadline(Duration.ofNanos(retry.patienceNs()));
        long startNs = clock.nanoTime();
        for (int rank = 0; rank < ranks; rank++) {
            int from = rank;
            retry.run(
                    "reading the part of rank " + rank, again -> all.addAll(part(directory, from, startNs, patience)));
        }
    }

    private Inventory part(String directory, int rank, long startNs, Duration patience) throws IOException {
        String file = PartWriter.partFile(directory, rank);
        for (long pauseNs = FIRST_POLL_NS; !run.exists(file); pauseNs = Math.min(2 * pauseNs, POLL_NS)) {
            requireTimeLeft(rank, startNs, patience);
            pause(pauseNs);
        }
        byte[] json = Stores.read(run, file, Manifest.MAX_BYTES);
        return Inventory.from(Json.parseObject(run.root() + "/" + file, json, Manifest.MAX_BYTES));
    }

    private void requireTimeLeft(int rank, long startNs, Duration patience) {
        if (clock.nanoTime() - startNs > patience.toNanos()) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "rank " + rank + " has not written its part of a checkpoint to " + run.root() + " for "
                            + patience.toMinutes() + " minutes; look at the log of that rank");
        }
    }

    private static void pause(long ns) {
        LockSupport.parkNanos(ns);
        if (Thread.interrupted()) {
            throw new PolyglowException(ErrorKind.PEER_LOST, "saving a checkpoint was interrupted");
        }
    }

    private FileEntry write(String directory, String name, byte[] bytes, Retry retry) throws IOException {
        String path = directory + "/" + name;
        retry.run("writing " + path, again -> {
            if (again) {
                run.delete(path);
            }
            Stores.write(run, path, bytes);
        });
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
