package io.polyglow.cluster.transport.aeron;

import io.polyglow.cluster.wire.StreamKind;
import org.agrona.BitUtil;

/**
 * Sizes of frames and Aeron buffers, and the shared memory that they take. Frame sizes must be the same on every rank, so they depend
 * only on what all ranks know; term lengths are each sender's own business and give way when memory is short.
 */
record BufferPlan(int bulkMtu, int thinMtu, int bulkTerm, int thinTerm) {
    /** Fixed files of a driver: commands, counters and errors, and the loss report. */
    static final long DRIVER_BYTES = 13L << 20;

    static final int COUNTERS_BYTES = 1 << 20;

    private static final int LOCAL_MTU = 65504;
    private static final int LOCAL_TERM = 1 << 20;
    private static final int MIN_TERM = 64 << 10;
    private static final int LOG_METADATA_BYTES = 4096;
    private static final int TERMS = 3;

    /** The plan for ranks that all share one host, or not. */
    static BufferPlan of(boolean oneHost, AeronOptions options) {
        int bulkMtu = oneHost ? LOCAL_MTU : options.mtuBytes();
        int bulkTerm = Math.max(oneHost ? LOCAL_TERM : options.termBytes(), minTerm(bulkMtu));
        return new BufferPlan(bulkMtu, Math.min(bulkMtu, MIN_TERM / 8), bulkTerm, MIN_TERM);
    }

    /** Aeron wants a message, here one datagram, to be at most an eighth of a term. */
    private static int minTerm(int mtu) {
        return Math.max(MIN_TERM, BitUtil.findNextPositivePowerOfTwo(8 * mtu));
    }

    int mtu(StreamKind stream) {
        return stream.bulk() ? bulkMtu : thinMtu;
    }

    int term(StreamKind stream) {
        return stream.bulk() ? bulkTerm : thinTerm;
    }

    /**
     * Bytes of the logs at one end. A link over UDP has two there, of its publication and of its image; one in shared memory has one, since sender and
     * receiver use the same.
     */
    long logBytes(int bulkLogs, int thinLogs) {
        return bulkLogs * logBytes(bulkTerm) + thinLogs * logBytes(thinTerm);
    }

    private static long logBytes(int term) {
        return (long) TERMS * term + LOG_METADATA_BYTES;
    }

    /** The largest bulk term with which all logs fit {@code bytes}, or the smallest there is. */
    BufferPlan shrunkTo(long bytes, int bulkLogs, int thinLogs) {
        boolean fits = logBytes(bulkLogs, thinLogs) <= bytes;
        return fits || bulkTerm / 2 < minTerm(bulkMtu)
                ? this
                : new BufferPlan(bulkMtu, thinMtu, bulkTerm / 2, thinTerm).shrunkTo(bytes, bulkLogs, thinLogs);
    }
}
