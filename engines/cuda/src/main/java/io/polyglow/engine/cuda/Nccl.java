package io.polyglow.engine.cuda;

import java.util.List;
import java.util.Optional;

/**
 * NVIDIA's library that moves data between GPUs, as little of it as the engine needs, so that its use runs against a fake in tests. No call waits for another rank;
 * {@link Communicator#busy} tells how far they are. Failures are {@link io.polyglow.common.error.PolyglowException}s that name call and reason.
 */
interface Nccl {
    /** Length of what {@link #newId} returns. */
    int ID_BYTES = 128;

    /** Why it cannot be called on this machine; empty when it can. */
    Optional<String> unavailable();

    /** 10000 major + 100 minor + patch. */
    int version();

    /** Bytes that make a new group, for one rank to hand to the others. */
    byte[] newId();

    /** Begins to join the group as one of its ranks, each of which has a GPU of its own. */
    Communicator join(byte[] id, int rank, int size);

    /** The version as people write it. */
    static String text(int version) {
        return version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    /** One piece of device memory on its way to or from a peer. */
    record Part(long address, long bytes, int peer) {}

    /** This rank's end of a group; one thread, but for {@link #abort}. */
    interface Communicator {
        /** Whether the last call is not through yet; throws what has failed since, also of work on the stream. */
        boolean busy();

        /** Queues copies on the device's stream, all at once; those between two ranks meet in the order of the lists. On the stream when no longer {@link #busy}. */
        void move(List<Part> sent, List<Part> received);

        /** Begins to leave in peace; all ranks do. */
        void finish();

        /** Frees it, once {@link #finish} is through. */
        void free();

        /** Ends whatever is on the stream, and frees it. May wait for the other ranks to do the same; any thread. */
        void abort();
    }
}
