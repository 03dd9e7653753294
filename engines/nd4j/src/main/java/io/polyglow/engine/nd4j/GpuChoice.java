package io.polyglow.engine.nd4j;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.List;

/**
 * Which GPU of its host a rank computes on: the one that the launcher has set aside for it, else the ranks of a host take turns. An address is a number, as nvidia-smi counts, or
 * a UUID.
 */
final class GpuChoice {
    /** How the driver's tool knows a GPU. */
    record Gpu(String number, String uuid) {
        boolean isAt(String address) {
            return address.equals(number) || address.equals(uuid);
        }
    }

    private GpuChoice() {}

    /** The number of the rank's GPU among the {@code visible} ones, which are in CUDA's order and at least one. */
    static int of(MachineShare share, List<Gpu> visible) {
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
        throw new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "GPU " + addresses.get(0) + " is set aside for this rank, which sees " + visible
                        + ". The resource discovery script of Spark's worker or executor must print the numbers that nvidia-smi shows on"
                        + " this host, or UUIDs, and CUDA_VISIBLE_DEVICES must not hide them");
    }
}
