package io.polyglow.cluster.failure;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/**
 * When a wait gives up. {@code silence}: no byte moved for so long. {@code startup}: no wait gives up earlier than this after connecting,
 * since ranks warm up unevenly. {@code cancelled}: somebody outside has ended the attempt; polled all the time, must be cheap.
 */
public record Patience(Duration startup, Duration silence, BooleanSupplier cancelled) {
    private static final Duration STARTUP = Duration.ofMinutes(30);
    private static final Duration MARGIN = Duration.ofMinutes(1);

    /**
     * Half an hour after connecting, then a minute more of silence than a save may take: while one rank waits for the store, those that have written their
     * part wait for that rank in the next operation. A dead peer is noticed within seconds whatever these are.
     */
    public static Patience beyond(Duration longestSave, BooleanSupplier cancelled) {
        return new Patience(STARTUP, longestSave.plus(MARGIN), cancelled);
    }
}
