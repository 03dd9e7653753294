package io.polyglow.engine.cuda;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.engine.cuda.Device.Recording;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Replays kernel calls that come again: the first run of a key makes them as ever, so that kernels are loaded and scratch has its size; the second records
 * them, which on a GPU becomes a CUDA graph; every further one queues the recording with one call. All recordings are dropped when device memory is freed.
 */
final class Repeats implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Repeats.class);

    private final Device device;
    /** Keys seen since memory was freed, with what was recorded in their second run. */
    private final Map<Object, Optional<Recording>> seen = new HashMap<>();

    private boolean records;
    private long frees;

    /** {@code records} false makes all calls as ever. */
    Repeats(Device device, boolean records) {
        this.device = device;
        this.records = records;
    }

    void run(Object key, Runnable calls) {
        if (!records) {
            calls.run();
            return;
        }
        if (frees != device.frees()) {
            forget();
        }
        Optional<Recording> known = seen.get(key);
        if (known == null) {
            calls.run();
            seen.put(key, Optional.empty());
        } else if (known.isPresent()) {
            known.get().queue();
        } else {
            record(key, calls);
        }
    }

    private void record(Object key, Runnable calls) {
        try {
            Recording recording = recording(calls);
            seen.put(key, Optional.of(recording));
            recording.queue();
        } catch (PolyglowException e) {
            LOG.warn(
                    "this GPU's driver does not record kernels as a graph, each is queued by itself: {}",
                    e.getMessage());
            records = false;
            forget();
            calls.run();
        }
    }

    private Recording recording(Runnable calls) {
        device.beginRecording();
        try {
            calls.run();
        } catch (RuntimeException e) {
            abandon(e);
            throw e;
        }
        return device.endRecording();
    }

    private void abandon(RuntimeException cause) {
        try {
            device.endRecording().close();
        } catch (PolyglowException e) {
            cause.addSuppressed(e);
        }
    }

    private void forget() {
        close();
        frees = device.frees();
    }

    @Override
    public void close() {
        seen.values().forEach(each -> each.ifPresent(Recording::close));
        seen.clear();
    }
}
