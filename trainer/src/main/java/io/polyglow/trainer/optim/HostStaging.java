package io.polyglow.trainer.optim;

import java.nio.ByteBuffer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Host memory through which buckets pass between the engine and the other ranks; allocated once for each rank. */
public final class HostStaging {
    private final UnsafeBuffer[] buffers;
    private final DirectBuffer[] partials;
    private final UnsafeBuffer slice;

    /** Room for a bucket from each of {@code partials} gradient buffers and for one slice. */
    public HostStaging(int partials) {
        int bytes = ShardPlan.LARGEST_BUCKET * Float.BYTES;
        this.buffers = new UnsafeBuffer[partials];
        for (int i = 0; i < partials; i++) {
            buffers[i] = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
        }
        this.partials = buffers.clone();
        this.slice = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
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
