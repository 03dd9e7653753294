package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.Arrays;
import java.util.List;

/**
 * Which GPU of its host a rank computes on: the one that the launcher has set aside for it, else the ranks of a host take turns, several on one GPU
 * where there are more ranks. An address is a number, as nvidia-smi counts, or a UUID, as {@code nvidia-smi -L} shows them.
 */
final class GpuChoice {
    private final List<String> uuids;
    private final String visible;

    /** A choice among the GPUs with these UUIDs, in the driver's order; {@code visible} is {@code CUDA_VISIBLE_DEVICES}, empty when not set. */
    GpuChoice(List<String> uuids, String visible) {
        this.uuids = List.copyOf(uuids);
        this.visible = visible;
    }

    /** The index of the GPU, as the driver counts. */
    int of(MachineShare share) {
        List<String> addresses = share.gpus();
        if (addresses.isEmpty()) {
            return share.indexOnHost() % uuids.size();
        }
        if (addresses.size() > 1) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "the GPUs " + String.join(", ", addresses)
                            + " are set aside for one rank, which computes on one: set"
                            + " spark.task.resource.gpu.amount=1 and spark.executor.resource.gpu.amount=1");
        }
        String address = addresses.get(0);
        int index = uuids.indexOf(address);
        if (index < 0) {
            index = places().indexOf(address);
        }
        if (index < 0 || index >= uuids.size()) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, notHere(address));
        }
        return index;
    }

    /** The numbers of the driver's GPUs in nvidia-smi, which does not know of {@code CUDA_VISIBLE_DEVICES}. */
    private List<String> places() {
        if (visible.isEmpty()) {
            String[] all = new String[uuids.size()];
            Arrays.setAll(all, String::valueOf);
            return List.of(all);
        }
        return Arrays.stream(visible.split(",", -1)).map(String::strip).toList();
    }

    private String notHere(String address) {
        return "GPU " + address + " is set aside for this rank, but this host has " + uuids.size() + ": numbers "
                + String.join(", ", places())
                + (visible.isEmpty() ? "" : " (CUDA_VISIBLE_DEVICES)") + ", UUIDs " + String.join(", ", uuids)
                + ". The resource discovery script of Spark's worker or executor must print the numbers that nvidia-smi shows on this host,"
                + " or UUIDs";
    }
}
