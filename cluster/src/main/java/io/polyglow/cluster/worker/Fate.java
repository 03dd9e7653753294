package io.polyglow.cluster.worker;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;

/** What becomes of a rank that failed: errors of any origin as a {@link PolyglowException} with the kind that the driver acts on. */
final class Fate {
    private Fate() {}

    /** The failure of {@code host}'s rank; the same again for what this method has returned. */
    static PolyglowException of(Throwable error, RankHost host) {
        String place = "rank " + host.rank() + " on " + host.host() + ": ";
        if (error instanceof PolyglowException known && !(known.kind() == ErrorKind.FENCED && host.cancelled())) {
            return known.getMessage().startsWith(place)
                    ? known
                    : new PolyglowException(known.kind(), place + known.getMessage(), known);
        }
        if (host.cancelled() || interrupted(error)) {
            return new PolyglowException(ErrorKind.PEER_LOST, place + "stopped, because the attempt ended", error);
        }
        if (error instanceof OutOfMemoryError) {
            return new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    place + "out of memory (" + error.getMessage()
                            + "). Give each rank more with spark.executor.memory, or make batch.micro smaller.",
                    error);
        }
        if (error instanceof IOException || error instanceof UncheckedIOException) {
            return new PolyglowException(ErrorKind.ENVIRONMENT, place + "input or output failed: " + error, error);
        }
        return new PolyglowException(ErrorKind.BUG, place + "unexpected " + error, error);
    }

    private static boolean interrupted(Throwable error) {
        return error instanceof InterruptedException || error instanceof ClosedByInterruptException;
    }
}
