package io.polyglow.cluster.transport.aeron;

import io.aeron.ChannelUriStringBuilder;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.RegistrationException;
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
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * Frames over Aeron UDP unicast. Each rank has an embedded driver and one subscription on a port that the system picks; every (stream, peer) has a
 * publication whose session id tells the receiver whose image it is. A frame is one Aeron fragment, written straight into the log.
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
    private final EmbeddedDriver driver;
    private final Subscription subscription;
    private final String localAddress;
    private final AeronLink[][] links;

    private List<String> addresses = List.of();
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
        this.driver = launch(socketBytes);
        try {
            this.subscription =
                    driver.aeron().addSubscription(endpoint(this.host + ":0").build(), epoch);
            this.localAddress = awaitAddress();
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
        Path directory = DriverDirectory.unique(options.directory(), rank, epoch);
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

    private static ChannelUriStringBuilder endpoint(String address) {
        return new ChannelUriStringBuilder().media("udp").endpoint(address);
    }

    private String awaitAddress() {
        long deadlineNs = clock.nanoTime() + PORT_TIMEOUT_NS;
        String address = subscription.resolvedEndpoint();
        while (address == null && clock.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            address = subscription.resolvedEndpoint();
        }
        if (address == null) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "no port was bound within 10 s");
        }
        return host + address.substring(address.lastIndexOf(':'));
    }

    private static PolyglowException channelError(String what, RuntimeException cause) {
        return cause instanceof PolyglowException known
                ? known
                : new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        what + " over UDP: " + cause.getMessage()
                                + "; check that the host name resolves to an address of this machine's network and that"
                                + " a firewall or another process does not hold the port",
                        cause);
    }

    /** {@code host:port} where this rank receives; peers must be able to resolve and reach it. */
    public String localAddress() {
        return localAddress;
    }

    /**
     * Creates the links; they come up by themselves when the peers do the same. {@code linked[stream][peer]} tells which links there are; it must be symmetric.
     */
    public void connect(List<String> peerAddresses, boolean[][] linked) {
        addresses = List.copyOf(peerAddresses);
        int bulk = count(linked, true);
        int thin = count(linked, false);
        BufferPlan fitting = fittingPlan(bulk, thin);
        plan = fitting;
        for (StreamKind stream : StreamKind.values()) {
            for (int peer = 0; peer < worldSize; peer++) {
                if (linked[stream.code()][peer]) {
                    links[stream.code()][peer] = link(fitting, stream, peer);
                }
            }
        }
    }

    private static int count(boolean[][] linked, boolean bulk) {
        int count = 0;
        for (StreamKind stream : StreamKind.values()) {
            for (boolean link : linked[stream.code()]) {
                count += link && stream.bulk() == bulk ? 1 : 0;
            }
        }
        return count;
    }

    /** Bytes of shared memory that a rank with these links takes: its media driver and the logs at its end. Less where there is less. */
    public static long sharedMemoryBytes(boolean[][] linked, boolean oneHost, AeronOptions options) {
        return BufferPlan.DRIVER_BYTES
                + BufferPlan.of(oneHost, options).logBytes(count(linked, true), count(linked, false));
    }

    /** The longest frame of a stream, when all ranks are on one host or not. */
    public static int maxFrameBytes(StreamKind stream, boolean oneHost, AeronOptions options) {
        return BufferPlan.of(oneHost, options).mtu(stream) - AeronLink.HEADER_BYTES;
    }

    private BufferPlan fittingPlan(int bulk, int thin) {
        int ranksHere = (int) addresses.stream().filter(this::isHere).count();
        long usable = DriverDirectory.usable(options.directory(), options.maxDirectoryBytes());
        BufferPlan fitting = BufferPlan.of(ranksHere == worldSize, options).shrunkTo(usable / ranksHere, bulk, thin);
        if (fitting.logBytes(bulk, thin) > usable) {
            throw DriverDirectory.tooSmall(
                    options.directory(),
                    usable,
                    fitting.logBytes(bulk, thin),
                    "the " + (bulk + thin) + " links of rank " + rank);
        }
        return fitting;
    }

    private boolean isHere(String address) {
        return address.substring(0, address.lastIndexOf(':')).equals(host);
    }

    private AeronLink link(BufferPlan sizes, StreamKind stream, int peer) {
        String channel = endpoint(address(peer))
                .mtu(sizes.mtu(stream))
                .termLength(sizes.term(stream))
                .sessionId(sessionId(stream, rank))
                .build();
        try {
            ExclusivePublication publication = driver.aeron().addExclusivePublication(channel, epoch);
            return new AeronLink(subscription, sessionId(stream, peer), publication);
        } catch (RegistrationException | InternalError e) {
            throw channelError(
                    "rank " + rank + " cannot send to rank " + peer + " at " + address(peer),
                    e instanceof RegistrationException known ? known : new IllegalStateException(e));
        }
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
        return addresses.get(peer);
    }

    /** Closes client and driver and deletes the driver's directory; also when this thread is interrupted. */
    @Override
    public void close() {
        // Aeron waits for its threads, which an interrupt would cut short; and the driver must still send what was just
        // offered.
        boolean interrupted = Thread.interrupted();
        long deadlineNs = clock.nanoTime() + LAST_FRAMES_NS;
        while (clock.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(LAST_FRAMES_NS);
        }
        driver.close();
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
