package io.polyglow.trainer.kernels;

import java.util.List;

/**
 * What one rank may use of its machine.
 *
 * @param threads threads of the CPU, at least 1
 * @param indexOnHost this rank's number among the ranks of its host, from 0
 * @param gpus addresses of the GPUs that the launcher has set aside for this rank, as its scheduler names them; empty where it sets none aside
 */
public record MachineShare(int threads, int indexOnHost, List<String> gpus) {
    /** Copies the addresses. */
    public MachineShare {
        gpus = List.copyOf(gpus);
    }

    /** The share of a process that has the machine for itself. */
    public static MachineShare alone(int threads) {
        return new MachineShare(threads, 0, List.of());
    }
}
