package io.polyglow.trainer.kernels;

import java.util.Optional;

/** Finds an engine by name; implementations are registered for {@link java.util.ServiceLoader}. */
public interface EngineProvider {
    /** The config name: {@code engine: NAME}. */
    String name();

    /** Rank among the engines that work here, for {@code engine: auto}: the highest wins; the reference has 0, so one below 0 is never chosen. */
    int priority();

    /** Why this engine cannot run on this machine and what would help; empty when it can. */
    Optional<String> unavailable();

    /**
     * Bytes of the host's memory that an engine holds beside its arenas once it has trained on sequences of this shape, in any compute dtype: working memory of its threads, of products, and of sums
     * over rows. Known without opening an engine; an upper bound, as far as the engine can tell.
     *
     * @param columns of the widest activation
     */
    default long scratchBytes(AttentionShape shape, int columns, int threads) {
        return 0;
    }

    /** Opens an engine that uses this share of the machine; an ENVIRONMENT error where the share cannot be had. */
    Engine open(MachineShare share);

    /** Opens an engine that uses this many threads and has the machine for itself. */
    default Engine open(int threads) {
        return open(MachineShare.alone(threads));
    }
}
