package io.polyglow.trainer.kernels;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which GPU of its host a rank computes on: the one that the launcher has set aside for it, else the ranks of a host take turns, several on one GPU
 * where there are more ranks. An address is a number, as nvidia-smi counts, or a UUID, as {@code nvidia-smi -L} shows them.
 */
public final class GpuChoice {
    /**
     * A GPU as nvidia-smi knows it.
     *
     * @param number among all GPUs of the host, whatever {@code CUDA_VISIBLE_DEVICES} hides
     * @param uuid with its prefix {@code GPU-}
     */
    public record Gpu(String number, String uuid) {
        /** Whether a scheduler means this one. */
        public boolean isAt(String address) {
            return address.equals(number) || address.equals(uuid);
        }
    }

    private GpuChoice() {}

    /** The rank's place among the {@code visible} GPUs, at least one, in the order in which CUDA counts them. */
    public static int of(MachineShare share, List<Gpu> visible) {
        List<String> addresses = share.gpus();
        if (addresses.isEmpty()) {
            return share.indexOnHost() % visible.size();
        }
        if (addresses.size() > 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "the GPUs " + String.join(", ", addresses)
                            + " are set aside for one rank, which computes on one: set"
                            + " spark.task.resource.gpu.amount=1 and spark.executor.resource.gpu.amount=1");
        }
        for (int i = 0; i < visible.size(); i++) {
            if (visible.get(i).isAt(addresses.get(0))) {
                return i;
            }
        }
        throw new PolyglowException(ErrorKind.ENVIRONMENT, notHere(addresses.get(0), visible));
    }

    private static String notHere(String address, List<Gpu> visible) {
        return "GPU " + address + " is set aside for this rank, which sees " + visible.size() + ": numbers "
                + visible.stream().map(Gpu::number).collect(Collectors.joining(", ")) + ", UUIDs "
                + visible.stream().map(Gpu::uuid).collect(Collectors.joining(", "))
                + ". The resource discovery script of Spark's worker or executor must print the numbers that nvidia-smi shows on this host,"
                + " or UUIDs, and CUDA_VISIBLE_DEVICES must not hide them";
    }
}
