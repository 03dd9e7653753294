package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Host memory through which buckets pass between the engine and the other ranks, of a kind that the engine copies from and to directly; allocated once for each rank. */
final class HostStaging {
    private final UnsafeBuffer[] buffers;
    private final DirectBuffer[] partials;
    private final UnsafeBuffer slice;

    /** Room for a bucket from each of {@code partials} gradient buffers and for one slice. */
    HostStaging(Engine engine, int partials) {
        int bytes = ShardPlan.LARGEST_BUCKET * Float.BYTES;
        this.buffers = new UnsafeBuffer[partials];
        for (int i = 0; i < partials; i++) {
            buffers[i] = engine.allocateHost(bytes);
        }
        this.partials = buffers.clone();
        this.slice = engine.allocateHost(bytes);
    }

    UnsafeBuffer bucket() {
        return buffers[0];
    }

    UnsafeBuffer partial(int i) {
        return buffers[i];
    }

    DirectBuffer[] partials() {
        return partials;
    }

    UnsafeBuffer slice() {
        return slice;
    }
}
