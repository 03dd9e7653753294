package io.polyglow.cluster.failure;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * When a wait gives up. {@code silence}: no byte moved for so long. {@code startup}: no wait gives up earlier than this after connecting,
 * since ranks warm up unevenly. {@code cancelled}: somebody outside has ended the attempt; polled all the time, must be cheap.
 */
public record Patience(Duration startup, Duration silence, BooleanSupplier cancelled) {
    /** Half an hour after connecting, then ten minutes of silence; a dead peer is noticed within seconds whatever these are. */
    public static Patience until(BooleanSupplier cancelled) {
        return new Patience(Duration.ofMinutes(30), Duration.ofMinutes(10), cancelled);
    }
}
