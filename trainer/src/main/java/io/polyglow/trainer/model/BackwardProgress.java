package io.polyglow.trainer.model;

/** Hears, during a backward pass, which gradients are final. */
@FunctionalInterface
public interface BackwardProgress {
    /**
     * The kernel calls so far finish elements {@code [from, flat.size())} of {@link GradientSet#flat}. Said with falling numbers; 0 comes last. On the engine's
     * thread, not inside {@code Engine.repeat}.
     */
    void finished(long from);
}
