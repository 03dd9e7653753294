package io.polyglow.cluster.member;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one rank tells all others at the rendezvous: who it is, where it listens, and the facts on which everybody has to agree.
 *
 * @param rank in {@code [0, worldSize)}
 * @param epoch number of the attempt; only grows within a run
 * @param host where the rank runs, for people
 * @param pid its process, for people
 * @param address where its transport listens, in the transport's own notation
 * @param facts name to value; every rank must have the same, see {@link Fact}
 */
public record RankCard(
        int rank, int worldSize, int epoch, String host, long pid, String address, SortedMap<Fact, String> facts) {
    /** A fact about a rank that must be the same on all ranks. */
    public enum Fact {
        /** SHA-256 of the resolved config. */
        CONFIG,
        /** Fingerprint of the corpus: a path may lead to another one on each machine. */
        CORPUS,
        /** Version and build of Polyglow. */
        BUILD,
        /** Name of the compute engine. */
        ENGINE,
        /** Compute dtype. */
        DTYPE,
        /** Version of the Java runtime; its intrinsics decide the last bit of {@code exp} and {@code tanh}. */
        JAVA,
        /** Instruction set that the engine uses: other vector widths add in another order. */
        INSTRUCTIONS;

        /** The name in messages and on the wire. */
        public String key() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private static final int MAX_BYTES = 1 << 16;

    /** Copies the facts. */
    public RankCard {
        facts = new TreeMap<>(facts);
    }

    /** The value of one fact; {@code unknown} if the rank did not tell. */
    public String fact(Fact fact) {
        return facts.getOrDefault(fact, "unknown");
    }

    /** One line of JSON, fit for Spark's {@code allGather}. */
    public String encode() {
        JsonObject shared = new JsonObject();
        facts.forEach((fact, value) -> shared.put(fact.key(), value));
        return Json.line(new JsonObject()
                .put("rank", rank)
                .put("world-size", worldSize)
                .put("epoch", epoch)
                .put("host", host)
                .put("pid", pid)
                .put("address", address)
                .put("facts", shared));
    }

    /** Reads what {@link #encode} wrote. */
    public static RankCard decode(String text) {
        JsonObject card = Json.parseObject("rendezvous message", text.getBytes(StandardCharsets.UTF_8), MAX_BYTES);
        JsonObject shared = card.getObject("facts");
        SortedMap<Fact, String> facts = new TreeMap<>();
        for (Fact fact : Fact.values()) {
            if (shared.has(fact.key())) {
                facts.put(fact, shared.getString(fact.key()));
            }
        }
        return new RankCard(
                card.getInt("rank"),
                card.getInt("world-size"),
                card.getInt("epoch"),
                card.getString("host"),
                card.getLong("pid"),
                card.getString("address"),
                facts);
    }
}
