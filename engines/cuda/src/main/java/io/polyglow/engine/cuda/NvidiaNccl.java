package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.nccl.NCCL_API_MAGIC;
import static org.bytedeco.cuda.global.nccl.NCCL_VERSION_CODE;
import static org.bytedeco.cuda.global.nccl.ncclCommAbort;
import static org.bytedeco.cuda.global.nccl.ncclCommDestroy;
import static org.bytedeco.cuda.global.nccl.ncclCommFinalize;
import static org.bytedeco.cuda.global.nccl.ncclCommGetAsyncError;
import static org.bytedeco.cuda.global.nccl.ncclCommInitRankConfig;
import static org.bytedeco.cuda.global.nccl.ncclGetErrorString;
import static org.bytedeco.cuda.global.nccl.ncclGetLastError;
import static org.bytedeco.cuda.global.nccl.ncclGetUniqueId;
import static org.bytedeco.cuda.global.nccl.ncclGetVersion;
import static org.bytedeco.cuda.global.nccl.ncclGroupEnd;
import static org.bytedeco.cuda.global.nccl.ncclGroupStart;
import static org.bytedeco.cuda.global.nccl.ncclInProgress;
import static org.bytedeco.cuda.global.nccl.ncclInt8;
import static org.bytedeco.cuda.global.nccl.ncclRecv;
import static org.bytedeco.cuda.global.nccl.ncclRemoteError;
import static org.bytedeco.cuda.global.nccl.ncclSend;
import static org.bytedeco.cuda.global.nccl.ncclSuccess;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/** NCCL through JavaCPP's stubs, with communicators that never block. */
final class NvidiaNccl implements Nccl {
    /** {@code -Dpolyglow.cuda.nccl=false} passes gradients through the host on all ranks, whatever the others say. */
    static final String PROPERTY = "polyglow.cuda.nccl";

    /** The oldest that has all calls made here. */
    private static final int OLDEST = 2_18_00;

    private static final int UNDEFINED = Integer.MIN_VALUE;

    private final NvidiaDevice device;

    NvidiaNccl(NvidiaDevice device) {
        this.device = device;
    }

    /** An address as a pointer. */
    private static final class Address extends Pointer {
        Address(long value) {
            address = value;
        }
    }

    @Override
    public Optional<String> unavailable() {
        if (!Boolean.parseBoolean(System.getProperty(PROPERTY, "true"))) {
            return Optional.of("NCCL is switched off by -D" + PROPERTY + "=false");
        }
        Optional<String> missing = NvidiaLibraries.loadNccl();
        if (missing.isEmpty() && version() < OLDEST) {
            return Optional.of("NCCL " + Nccl.text(version()) + " is older than " + Nccl.text(OLDEST)
                    + ", the oldest that serves");
        }
        return missing;
    }

    @Override
    public int version() {
        int[] version = new int[1];
        check(ncclGetVersion(version), "ncclGetVersion", null);
        return version[0];
    }

    @Override
    public byte[] newId() {
        try (ncclUniqueId id = new ncclUniqueId()) {
            check(ncclGetUniqueId(id), "ncclGetUniqueId", null);
            byte[] bytes = new byte[ID_BYTES];
            new BytePointer(id).get(bytes);
            return bytes;
        }
    }

    @Override
    public Communicator join(byte[] id, int rank, int size) {
        device.stream(); // makes the GPU this thread's, which is how NCCL learns of it
        ncclComm handle = new ncclComm();
        try (ncclUniqueId unique = new ncclUniqueId();
                ncclConfig_t config = nonBlocking()) {
            new BytePointer(unique).put(id);
            check(ncclCommInitRankConfig(handle, size, unique, rank, config), "ncclCommInitRankConfig", null);
        }
        return new Member(handle);
    }

    /** What the header's initialiser says, but for {@code blocking}: JavaCPP has no initialiser. Older libraries read the fields that they know. */
    private static ncclConfig_t nonBlocking() {
        ncclConfig_t config = new ncclConfig_t();
        return config.size(config.sizeof())
                .magic(NCCL_API_MAGIC)
                .version(NCCL_VERSION_CODE)
                .blocking(0)
                .cgaClusterSize(UNDEFINED)
                .minCTAs(UNDEFINED)
                .maxCTAs(UNDEFINED)
                .netName(null)
                .splitShare(UNDEFINED)
                .trafficClass(UNDEFINED)
                .commName(null)
                .collnetEnable(UNDEFINED)
                .CTAPolicy(UNDEFINED)
                .shrinkShare(UNDEFINED)
                .nvlsCTAs(UNDEFINED)
                .nChannelsPerNetPeer(UNDEFINED)
                .nvlinkCentricSched(UNDEFINED)
                .graphUsageMode(UNDEFINED)
                .numRmaCtx(UNDEFINED);
    }

    private static void check(int status, String call, @Nullable ncclComm handle) {
        if (status != ncclSuccess && status != ncclInProgress) {
            BytePointer text = ncclGetErrorString(status);
            BytePointer last = ncclGetLastError(handle);
            String details =
                    last == null || last.isNull() ? "" : last.getString().strip();
            throw new PolyglowException(
                    status == ncclRemoteError ? ErrorKind.PEER_LOST : ErrorKind.ENVIRONMENT,
                    call + " failed with " + status + ", " + text.getString()
                            + (details.isEmpty() ? "" : ", last error: " + details));
        }
    }

    private final class Member implements Communicator {
        private final ncclComm handle;
        private final int[] status = new int[1];

        Member(ncclComm handle) {
            this.handle = handle;
        }

        @Override
        public boolean busy() {
            check(ncclCommGetAsyncError(handle, status), "ncclCommGetAsyncError", handle);
            check(status[0], "work that was queued before", handle);
            return status[0] == ncclInProgress;
        }

        @Override
        public void move(List<Part> sent, List<Part> received) {
            check(ncclGroupStart(), "ncclGroupStart", handle);
            try {
                for (Part part : sent) {
                    Address from = new Address(part.address());
                    check(
                            ncclSend(from, part.bytes(), ncclInt8, part.peer(), handle, device.stream()),
                            "ncclSend of " + part,
                            handle);
                }
                for (Part part : received) {
                    Address to = new Address(part.address());
                    check(
                            ncclRecv(to, part.bytes(), ncclInt8, part.peer(), handle, device.stream()),
                            "ncclRecv of " + part,
                            handle);
                }
            } catch (PolyglowException e) {
                ncclGroupEnd(); // the group is the thread's, and would swallow whatever comes next
                throw e;
            }
            check(ncclGroupEnd(), "ncclGroupEnd", handle);
        }

        @Override
        public void finish() {
            check(ncclCommFinalize(handle), "ncclCommFinalize", handle);
        }

        @Override
        public void free() {
            check(ncclCommDestroy(handle), "ncclCommDestroy", null);
        }

        @Override
        public void abort() {
            ncclCommAbort(handle);
        }
    }
}
