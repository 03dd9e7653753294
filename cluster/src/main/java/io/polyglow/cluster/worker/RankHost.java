package io.polyglow.cluster.worker;

import java.util.List;

/** What a launcher gives one rank: its place, and the one meeting with the others. Any thread may ask; one thread meets. */
public interface RankHost {
    /** This rank, in {@code [0, worldSize)}. */
    int rank();

    /** Number of ranks. */
    int worldSize();

    /** The name or address of this machine that the other ranks can reach. */
    String host();

    /** How many of the ranks run on this machine, this one included. */
    int ranksOnHost();

    /** How many of the ranks before this one run on this machine. */
    int indexOnHost();

    /** CPU cores that the launcher has set aside for this rank, at least 1; 1 also where it counts none. */
    int cores();

    /** Addresses of the GPUs that the launcher has set aside for this rank; empty where it sets none aside. */
    List<String> gpus();

    /**
     * Hands everybody's message to everybody, in rank order; returns when all ranks have called it. Slow (about a second): meant
     * for one rendezvous, never for steps.
     */
    List<String> allGather(String message);

    /** Whether the launcher wants this rank to stop, because another one failed or the job was cancelled. */
    boolean cancelled();
}
