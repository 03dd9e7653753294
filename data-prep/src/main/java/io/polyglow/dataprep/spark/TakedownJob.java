package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LeaseKeeper;
import io.polyglow.common.token.shard.Takedown;
import io.polyglow.common.token.shard.Tombstone;
import java.io.IOException;
import java.time.Instant;
import java.util.Collection;
import org.agrona.concurrent.SystemNanoClock;

/** Takes documents out of a corpus as the only process that writes to it: no prepare run is at work meanwhile, and no other take-down. */
public final class TakedownJob {
    private TakedownJob() {}

    /** Which documents to take out; asked once nobody else can change the corpus. */
    @FunctionalInterface
    public interface Choice {
        /** The documents, with those that have the same text. */
        Collection<Tombstone.Taken> documents() throws IOException;
    }

    /**
     * Takes documents out, see {@link Takedown}.
     *
     * @return the tombstone
     * @throws PolyglowException of kind USAGE while another process writes to the corpus, DATA when there is no corpus or nothing to take out, FENCED when
     *     another process took the corpus over
     */
    @SuppressWarnings("try") // the lease is kept in a thread of its own
    public static Tombstone run(String corpus, Choice choice, String reason, Instant now) throws IOException {
        try (OutputDirectory output = OutputDirectory.at(corpus, false)) {
            if (!output.isRestorable()) {
                throw new PolyglowException(
                        ErrorKind.DATA, "There is no corpus at " + corpus + ". Check the path; `prepare` makes one.");
            }
            Lease lease = output.take(
                    SystemNanoClock.INSTANCE,
                    "The corpus " + corpus + ", which one prepare or takedown at a time may change,");
            try (LeaseKeeper kept = new LeaseKeeper(lease, fenced -> {})) {
                Collection<Tombstone.Taken> documents = choice.documents();
                lease.requireHeld();
                return Takedown.run(output.store(), output.published(), documents, reason, now);
            }
        }
    }
}
