package io.polyglow.cluster.transport.aeron;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of {@link AeronTransport}.
 *
 * @param directory where driver directories go: shared memory
 * @param maxDirectoryBytes use at most this much of it, whatever is free
 * @param mtuBytes longest datagram between hosts, at most the network's MTU less 28; when all ranks have one host 65504 is used
 * @param termBytes Aeron term length of a bulk stream between hosts, a power of two: its half bounds the bytes in flight, so bandwidth times delay
 *     must fit; when all ranks have one host 1 MiB is used
 * @param socketBufferBytes SO_RCVBUF and SO_SNDBUF, cut to what the kernel allows
 * @param peerTimeout silence of a peer's driver, or of its client of ours, after which the peer counts as lost
 * @param connectTimeout how long to wait for all peers to appear
 */
public record AeronOptions(
        Path directory,
        long maxDirectoryBytes,
        int mtuBytes,
        int termBytes,
        int socketBufferBytes,
        Duration peerTimeout,
        Duration connectTimeout) {
    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    /** Good for ethernet with an MTU of 1500. */
    public static AeronOptions defaults() {
        return new AeronOptions(
                Files.isDirectory(SHARED_MEMORY) ? SHARED_MEMORY : Path.of(System.getProperty("java.io.tmpdir")),
                Long.MAX_VALUE,
                1408,
                16 << 20,
                4 << 20,
                Duration.ofSeconds(4),
                Duration.ofSeconds(60));
    }

    /** The same with another bound on shared memory. */
    public AeronOptions withMaxDirectoryBytes(long bytes) {
        return new AeronOptions(directory, bytes, mtuBytes, termBytes, socketBufferBytes, peerTimeout, connectTimeout);
    }

    /** The same with another directory. */
    public AeronOptions withDirectory(Path path) {
        return new AeronOptions(
                path, maxDirectoryBytes, mtuBytes, termBytes, socketBufferBytes, peerTimeout, connectTimeout);
    }

    /** The same with another time to wait for peers. */
    public AeronOptions withConnectTimeout(Duration timeout) {
        return new AeronOptions(
                directory, maxDirectoryBytes, mtuBytes, termBytes, socketBufferBytes, peerTimeout, timeout);
    }
}
