package io.polyglow.cluster.transport.aeron;

import io.aeron.Aeron;
import io.aeron.ChannelUriStringBuilder;
import io.aeron.CommonContext;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.TimeoutException;
import io.polyglow.cluster.transport.FrameHandler;
import io.polyglow.cluster.transport.FrameWriter;
import io.polyglow.cluster.transport.LinkState;
import io.polyglow.cluster.transport.Transport;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntPredicate;
import org.agrona.IoUtil;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Frames over Aeron: in shared memory (IPC) between ranks of one host that see each other's, else over UDP unicast. Each rank has an embedded driver with
 * a subscription on a port that the system picks and one for IPC; every (stream, peer) has a publication, towards that port or in the peer's own driver,
 * whose session id tells the receiver whose image it is. A frame is one Aeron fragment, written straight into the log.
 *
 * <p>The Aeron stream id is the epoch, so frames of an earlier attempt that reach a recycled port are dropped by the driver.
 */
public final class AeronTransport implements Transport {
    private static final long PORT_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(10);
    private static final long LAST_FRAMES_NS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int MIN_WINDOW_BYTES = 128 << 10;
    private static final Path KERNEL_LIMIT = Path.of("/proc/sys/net/core/rmem_max");

    private final int rank;
    private final int worldSize;
    private final int epoch;
    private final String host;
    private final AeronOptions options;
    private final NanoClock clock;
    private final int windowBytes;
    private final Path directory;
    private final EmbeddedDriver driver;
    private final Subscription remote;
    private final Subscription local;
    private final HostPeers hostPeers;
    private final RankAddress localAddress;
    private final AeronLink[][] links;

    private List<RankAddress> addresses = List.of();
    private @Nullable BufferPlan plan;

    private AeronTransport(
            String host, int rank, int worldSize, int epoch, int bulkPeers, AeronOptions options, NanoClock clock) {
        this.host = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host; // IPv6
        this.rank = rank;
        this.worldSize = worldSize;
        this.epoch = epoch;
        this.options = options;
        this.clock = clock;
        this.links = new AeronLink[StreamKind.count()][worldSize];
        int socketBytes = Math.min(options.socketBufferBytes(), kernelLimit());
        // All bulk peers may send at once into one socket buffer.
        this.windowBytes = Math.min(socketBytes, Math.max(MIN_WINDOW_BYTES, socketBytes / Math.max(1, bulkPeers)));
        DriverDirectory.reapStale(options.directory());
        this.hostPeers = new HostPeers(options.directory(), options.peerTimeout());
        this.directory = DriverDirectory.unique(options.directory(), rank, epoch);
        this.driver = launch(socketBytes);
        try {
            this.remote = driver.aeron().addSubscription(udp(this.host + ":0").build(), epoch);
            this.local = driver.aeron().addSubscription(CommonContext.IPC_CHANNEL, epoch);
            this.localAddress = new RankAddress(
                    awaitEndpoint(),
                    DriverDirectory.memory(options.directory(), directory),
                    directory.getFileName().toString());
        } catch (RuntimeException e) {
            driver.close();
            throw channelError("cannot receive on " + this.host, e);
        }
    }

    /**
     * Starts the driver and binds a port on {@code host}. {@code bulkPeers} is the number of links on bulk streams that this rank will have.
     */
    public static AeronTransport open(
            String host, int rank, int worldSize, int epoch, int bulkPeers, AeronOptions options, NanoClock clock) {
        return new AeronTransport(host, rank, worldSize, epoch, bulkPeers, options, clock);
    }

    private EmbeddedDriver launch(int socketBytes) {
        long usable = DriverDirectory.usable(options.directory(), options.maxDirectoryBytes());
        if (usable < BufferPlan.DRIVER_BYTES) {
            throw DriverDirectory.tooSmall(
                    options.directory(), usable, BufferPlan.DRIVER_BYTES, "the media driver of rank " + rank);
        }
        try {
            return new EmbeddedDriver(directory, options, socketBytes, windowBytes);
        } catch (AeronException | InternalError e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "the media driver of rank " + rank + " did not start in " + directory + ": " + e,
                    e);
        }
    }

    private static int kernelLimit() {
        // Not Files.readString: it reads an empty-looking file byte by byte, and the kernel answers only the first
        // read.
        try (BufferedReader limit = Files.newBufferedReader(KERNEL_LIMIT)) {
            return Integer.parseInt(limit.readLine());
        } catch (IOException | NumberFormatException e) {
            return Integer.MAX_VALUE;
        }
    }

    private static ChannelUriStringBuilder udp(String endpoint) {
        return new ChannelUriStringBuilder().media("udp").endpoint(endpoint);
    }

    private String awaitEndpoint() {
        long deadlineNs = clock.nanoTime() + PORT_TIMEOUT_NS;
        String address = remote.resolvedEndpoint();
        while (address == null && clock.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            address = remote.resolvedEndpoint();
        }
        if (address == null) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "no port was bound within 10 s");
        }
        return host + address.substring(address.lastIndexOf(':'));
    }

    private static PolyglowException channelError(String what, Throwable cause) {
        return cause instanceof PolyglowException known
                ? known
                : new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        what + " over UDP: " + cause.getMessage()
                                + "; check that the host name resolves to an address of this machine's network and that"
                                + " a firewall or another process does not hold the port",
                        cause);
    }

    /** Where this rank receives, for {@link #connect} of its peers: {@code host:port}, which they must be able to reach, and where its driver is. */
    public String localAddress() {
        return localAddress.toString();
    }

    /**
     * Creates the links; they come up by themselves when the peers do the same. {@code linked[stream][peer]} tells which links there are; it must be symmetric.
     */
    public void connect(List<String> peerAddresses, boolean[][] linked) {
        addresses = peerAddresses.stream().map(RankAddress::parse).toList();
        BufferPlan fitting = fittingPlan(linked);
        plan = fitting;
        for (int peer = 0; peer < worldSize; peer++) {
            if (peer != rank && addresses.get(peer).sharesMemoryWith(localAddress)) {
                hostPeers.join(peer, addresses.get(peer));
            }
        }
        for (StreamKind stream : StreamKind.values()) {
            for (int peer = 0; peer < worldSize; peer++) {
                if (linked[stream.code()][peer]) {
                    links[stream.code()][peer] = link(fitting, stream, peer);
                }
            }
        }
    }

    /** Number of peers to and from which frames go in shared memory, once connected; the others are reached by UDP. */
    public int peersInMemory() {
        return hostPeers.count();
    }

    /** Number of the logs at this end for all links of one kind: two a link over UDP, one a link in shared memory. */
    private static int logs(boolean[][] linked, boolean bulk, IntPredicate sharesMemory) {
        int logs = 0;
        for (StreamKind stream : StreamKind.values()) {
            for (int peer = 0; peer < linked[stream.code()].length; peer++) {
                boolean counts = linked[stream.code()][peer] && stream.bulk() == bulk;
                logs += counts ? (sharesMemory.test(peer) ? 1 : 2) : 0;
            }
        }
        return logs;
    }

    /** Bytes of shared memory that a rank with these links takes: its media driver and the logs at its end. Less where there is less. */
    public static long sharedMemoryBytes(boolean[][] linked, boolean oneHost, AeronOptions options) {
        return BufferPlan.DRIVER_BYTES
                + BufferPlan.of(oneHost, options)
                        .logBytes(logs(linked, true, peer -> oneHost), logs(linked, false, peer -> oneHost));
    }

    /** The longest frame of a stream, when all ranks are on one host or not. */
    public static int maxFrameBytes(StreamKind stream, boolean oneHost, AeronOptions options) {
        return BufferPlan.of(oneHost, options).mtu(stream) - AeronLink.HEADER_BYTES;
    }

    private BufferPlan fittingPlan(boolean[][] linked) {
        IntPredicate sharesMemory = peer -> addresses.get(peer).sharesMemoryWith(localAddress);
        int bulk = logs(linked, true, sharesMemory);
        int thin = logs(linked, false, sharesMemory);
        int ranksHere =
                (int) addresses.stream().filter(localAddress::sharesHostWith).count();
        long usable = DriverDirectory.usable(options.directory(), options.maxDirectoryBytes());
        BufferPlan fitting = BufferPlan.of(ranksHere == worldSize, options).shrunkTo(usable / ranksHere, bulk, thin);
        if (fitting.logBytes(bulk, thin) > usable) {
            throw DriverDirectory.tooSmall(
                    options.directory(),
                    usable,
                    fitting.logBytes(bulk, thin),
                    "the " + (bulk + thin) + " logs of the links of rank " + rank);
        }
        return fitting;
    }

    private AeronLink link(BufferPlan sizes, StreamKind stream, int peer) {
        Aeron hostPeer = hostPeers.client(peer);
        ChannelUriStringBuilder channel =
                hostPeer == null ? udp(address(peer)) : new ChannelUriStringBuilder().media("ipc");
        channel.mtu(sizes.mtu(stream)).termLength(sizes.term(stream)).sessionId(sessionId(stream, rank));
        try {
            ExclusivePublication publication =
                    (hostPeer == null ? driver.aeron() : hostPeer).addExclusivePublication(channel.build(), epoch);
            return new AeronLink(hostPeer == null ? remote : local, sessionId(stream, peer), publication);
        } catch (AeronException | InternalError e) {
            String what = "rank " + rank + " cannot send to rank " + peer + " at " + address(peer);
            if (hostPeer == null) {
                throw channelError(what, e);
            }
            throw hostPeer.isClosed() || e instanceof TimeoutException ? peerLost(what, e) : memoryError(what, e);
        }
    }

    private static PolyglowException peerLost(String what, Throwable cause) {
        return new PolyglowException(
                ErrorKind.PEER_LOST,
                what + ": that rank has ended, its media driver no longer answers: " + cause.getMessage(),
                cause);
    }

    private PolyglowException memoryError(String what, Throwable cause) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                what + " in " + options.directory() + ": " + cause.getMessage()
                        + "; either that rank has ended, or the directory has no room left",
                cause);
    }

    private static int sessionId(StreamKind stream, int rank) {
        return (stream.code() + 1) << 24 | rank;
    }

    private AeronLink link(StreamKind stream, int peer) {
        return links[stream.code()][peer];
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int worldSize() {
        return worldSize;
    }

    @Override
    public int maxFrameBytes(StreamKind stream) {
        BufferPlan sizes = plan;
        if (sizes == null) {
            throw new IllegalStateException("not connected");
        }
        return sizes.mtu(stream) - AeronLink.HEADER_BYTES;
    }

    @Override
    public boolean offer(StreamKind stream, int peer, int length, FrameWriter writer) {
        return link(stream, peer).offer(length, writer);
    }

    @Override
    public boolean poll(StreamKind stream, int peer, FrameHandler handler) {
        return link(stream, peer).poll(handler);
    }

    @Override
    public LinkState state(StreamKind stream, int peer) {
        return link(stream, peer).state();
    }

    @Override
    public @Nullable Throwable failure() {
        Throwable failure = driver.failure();
        return failure == null && driver.aeron().isClosed()
                ? new IllegalStateException("the Aeron client has closed itself")
                : failure;
    }

    @Override
    public String address(int peer) {
        return addresses.get(peer).endpoint();
    }

    /** Deletes the driver's directory while it is used, since this process will end before {@link #close} can: what is mapped stays until then. Any thread. */
    public void deleteDirectory() {
        IoUtil.delete(directory.toFile(), true);
    }

    /** Closes clients and driver and deletes the driver's directory; also when this thread is interrupted. */
    @Override
    public void close() {
        // Aeron waits for its threads, which an interrupt would cut short; and the driver must still send what was just
        // offered.
        boolean interrupted = Thread.interrupted();
        long deadlineNs = clock.nanoTime() + LAST_FRAMES_NS;
        while (clock.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(LAST_FRAMES_NS);
        }
        hostPeers.close();
        driver.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
