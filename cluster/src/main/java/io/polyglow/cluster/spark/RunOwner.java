package io.polyglow.cluster.spark;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Lease;
import io.polyglow.common.store.LeaseKeeper;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A driver as the owner of its run: shows that it lives from the moment it has the lease, as Spark may take long to start, and knows when another driver has taken the run over. Safe for several
 * threads. Closing leaves the lease as it is.
 */
final class RunOwner implements AutoCloseable {
    private final Lease lease;
    private final LeaseKeeper keeper;
    private volatile @Nullable PolyglowException lost;
    private Runnable stop = () -> {};

    RunOwner(Lease lease) {
        this.lease = lease;
        this.keeper = new LeaseKeeper(lease, this::lose);
    }

    private synchronized void lose(PolyglowException reason) {
        lost = reason;
        stop.run();
    }

    /** What is to be done, once, when another driver has the run; at once if it has it already. */
    synchronized void whenLost(Runnable what) {
        if (isLost()) {
            what.run();
        } else {
            stop = what;
        }
    }

    /** Whether another driver has the run, as far as is known. */
    boolean isLost() {
        return lost != null;
    }

    /** Throws once another driver is known to have the run; does not ask the store. */
    void require() {
        PolyglowException reason = lost;
        if (reason != null) {
            throw reason;
        }
    }

    /** Throws if another driver has the run. This one may have stood still since it last showed that it lives, so before it changes the run it asks the store. */
    void requireHeld() throws IOException {
        require();
        lease.requireHeld();
    }

    @Override
    public void close() {
        keeper.close();
    }
}
