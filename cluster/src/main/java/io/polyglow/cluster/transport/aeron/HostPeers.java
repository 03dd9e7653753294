package io.polyglow.cluster.transport.aeron;

import io.aeron.Aeron;
import io.aeron.exceptions.AeronException;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.collections.Int2ObjectHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Clients of the media drivers of those peers with which this rank shares memory. What it sends them goes straight into a log of the receiver's
 * driver (Aeron IPC), so each driver still holds all that its own rank has yet to read, whatever becomes of the senders, and its silence still means its
 * own rank's end.
 *
 * <p>A client that loses its driver closes itself, which shows in its publications; nothing else fails.
 */
final class HostPeers implements AutoCloseable {
    /** How long a closing client leaves memory mapped that another thread may be about to write, when it loses its driver. */
    private static final long CLOSE_LINGER_NS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Int2ObjectHashMap<Aeron> clients = new Int2ObjectHashMap<>();
    private final Path parent;
    private final Duration peerTimeout;

    HostPeers(Path parent, Duration peerTimeout) {
        this.parent = parent;
        this.peerTimeout = peerTimeout;
    }

    /** Joins the driver of a peer. */
    void join(int peer, RankAddress address) {
        Path directory = parent.resolve(address.driver());
        try {
            if (Files.isDirectory(directory)) {
                clients.put(peer, Aeron.connect(context(directory)));
                return;
            }
        } catch (AeronException e) {
            throw gone(peer, address, directory, e);
        }
        throw gone(peer, address, directory, null);
    }

    private static PolyglowException gone(int peer, RankAddress address, Path directory, @Nullable Exception cause) {
        return new PolyglowException(
                ErrorKind.PEER_LOST,
                "rank " + peer + " at " + address.endpoint() + " has ended: its media driver no longer answers in "
                        + directory,
                cause);
    }

    private Aeron.Context context(Path directory) {
        return new Aeron.Context()
                .aeronDirectoryName(directory.toString())
                .driverTimeoutMs(peerTimeout.toMillis())
                .closeLingerDurationNs(CLOSE_LINGER_NS)
                .errorHandler(error -> {})
                .subscriberErrorHandler(error -> {})
                .threadFactory(EmbeddedDriver::daemon);
    }

    /** The client of a peer's driver; null if the peer is reached by UDP. */
    @Nullable
    Aeron client(int peer) {
        return clients.get(peer);
    }

    int count() {
        return clients.size();
    }

    @Override
    public void close() {
        clients.values().forEach(CloseHelper::quietClose);
    }
}
