package io.polyglow.common.trace;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.RetriedOutput;
import io.polyglow.common.store.Retry;
import io.polyglow.common.store.Store;
import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.agrona.concurrent.EpochClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code logs/rank-N.jsonl}: what happened to one rank over all attempts, one JSON object an event, durable at once. For lifecycle (started, restored, saved,
 * aborted), not for steps. Once it is open, no rank ends because its log cannot be written: an event that the store does not take is written with the next one. Safe for use by
 * several threads.
 */
public final class RankLog implements Closeable {
    private static final Logger LOG = LoggerFactory.getLogger(RankLog.class);

    private final Store.Output out;
    private final EpochClock clock;
    private final int rank;
    private final int epoch;

    private RankLog(Store.Output out, EpochClock clock, int rank, int epoch) {
        this.out = out;
        this.clock = clock;
        this.rank = rank;
        this.epoch = epoch;
    }

    /** Continues the log of {@code rank} for attempt {@code epoch}; {@code fence} says whether that is still the newest. */
    public static RankLog open(Store run, int rank, int epoch, RetriedOutput.Fence fence, EpochClock clock)
            throws IOException {
        Store.Output out = RetriedOutput.append(run, "logs/rank-" + rank + ".jsonl", Retry.none(), fence);
        return new RankLog(out, clock, rank, epoch);
    }

    /** Appends {@code {"time": ..., "rank": ..., "epoch": ..., "event": event}} followed by the details. */
    public synchronized void event(String event, JsonObject details) {
        JsonObject line = new JsonObject()
                .put("time", Instant.ofEpochMilli(clock.time()).toString())
                .put("rank", rank)
                .put("epoch", epoch)
                .put("event", event);
        for (String name : details.names()) {
            line.put(name, details.get(name));
        }
        attempt(() -> {
            out.write((Json.line(line) + "\n").getBytes(StandardCharsets.UTF_8));
            out.sync();
        });
    }

    private interface Call {
        void run() throws IOException;
    }

    private void attempt(Call call) {
        try {
            call.run();
        } catch (IOException | PolyglowException e) {
            LOG.warn("the log of rank {} could not be written: {}", rank, e.toString());
        }
    }

    @Override
    public synchronized void close() {
        attempt(out::close);
    }
}
