package io.polyglow.cluster.rank;

import io.polyglow.cluster.collectives.DirectCollectives;
import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.failure.Session;
import io.polyglow.cluster.pipeline.MessageLink;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.cluster.transport.aeron.AeronTransport;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.StageLink;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.jspecify.annotations.Nullable;

/**
 * One rank's end of one attempt: {@link #open} binds a port, the caller tells all ranks each other's {@link #localAddress}, {@link #connect} returns the links.
 *
 * <p>The thread that calls {@link #connect} is the rank's own. Different links may be used by different threads at the same time, each by one thread at
 * a time; {@link #abort} may be called from any, {@link #close} from the rank's own when no other uses a link any more. When a link operation
 * fails on one thread, those in progress on the others and all later ones fail with the same exception, and all other ranks are told why and fail
 * too; when the rank fails for a reason of its own, call {@link #abort} before {@link #close} so that they need not wait for a time-out.
 *
 * <p>An interrupt of the rank's own thread ends the attempt for all ranks. An interrupt of another thread ends only the operation in which that thread
 * waits, and its link; no other rank hears of it until {@link #abort} gives a reason.
 */
public final class RankTransport implements AutoCloseable {
    private static final Duration LEAVE_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration SHUTDOWN_TIMEOUT = Duration.ofSeconds(1);

    private final AeronTransport transport;
    private final int epoch;
    private final ParallelLayout layout;
    private final Duration connectTimeout;
    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private final Thread shutdownHook = new Thread(this::onShutdown, "polyglow-shutdown");
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile @Nullable Session session;

    private RankTransport(AeronTransport transport, int epoch, ParallelLayout layout, Duration connectTimeout) {
        this.transport = transport;
        this.epoch = epoch;
        this.layout = layout;
        this.connectTimeout = connectTimeout;
    }

    /**
     * Binds a port on {@code host}, a name or address of this machine under which the other ranks reach it. {@code epoch} counts the attempts of
     * the run and is never used twice.
     */
    public static RankTransport open(String host, int rank, int epoch, ParallelLayout layout, AeronOptions options) {
        int bulkPeers = layout.data() - 1 + Math.min(layout.pipeline() - 1, 3);
        AeronTransport transport = AeronTransport.open(
                host, rank, layout.worldSize(), epoch, bulkPeers, options, SystemNanoClock.INSTANCE);
        RankTransport opened = new RankTransport(transport, epoch, layout, options.connectTimeout());
        Runtime.getRuntime().addShutdownHook(opened.shutdownHook);
        return opened;
    }

    /** Where this rank receives, for the rendezvous: {@code host:port}, and which memory it can share with others there. */
    public String localAddress() {
        return transport.localAddress();
    }

    /**
     * Connects to the ranks at these addresses, in rank order, this one's included, and checks that they run the same thing. Call it on the rank's own
     * thread.
     */
    public RankLinks connect(List<String> addresses, LinkPlan plan, Patience patience) {
        if (addresses.size() != layout.worldSize() || !plan.layout().equals(layout)) {
            throw new PolyglowException(
                    ErrorKind.BUG,
                    addresses.size() + " addresses and layout " + plan.layout() + " for a rank opened with layout "
                            + layout);
        }
        transport.connect(addresses, plan.linksOf(transport.rank()));
        Session opened = new Session(transport, plan.runId(), epoch, patience, clock);
        session = opened;
        new Handshake(opened, plan).run(connectTimeout, clock);
        return links(opened, plan);
    }

    private RankLinks links(Session opened, LinkPlan plan) {
        int rank = transport.rank();
        int stage = layout.stage(rank);
        int first = layout.rank(stage, 0);
        return new RankLinks(
                rank,
                layout,
                new DirectCollectives(opened, StreamKind.WORLD, range(0, layout.worldSize())),
                new DirectCollectives(opened, StreamKind.REPLICAS, range(first, first + layout.data())),
                stageLink(opened, plan, StreamKind.STAGE, stage - 1),
                stageLink(opened, plan, StreamKind.STAGE, stage + 1),
                stageLink(opened, plan, StreamKind.SHARED, layout.pipeline() - 1 - stage));
    }

    private static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    private @Nullable StageLink stageLink(Session opened, LinkPlan plan, StreamKind stream, int otherStage) {
        if (otherStage < 0 || otherStage >= layout.pipeline()) {
            return null;
        }
        int peer = layout.rank(otherStage, layout.replica(transport.rank()));
        if (!plan.links(stream, transport.rank(), peer)) {
            return null;
        }
        int inFlight = stream == StreamKind.STAGE ? plan.maxInFlight() : 0;
        return new MessageLink(opened, stream, peer, inFlight, plan.stageMessageBytes());
    }

    /** Number of peers to and from which frames go in shared memory, once connected; the others are reached by UDP. */
    public int peersInMemory() {
        return transport.peersInMemory();
    }

    /** Ends the attempt on all ranks: this rank's own next wait fails, and the others learn the reason. Any thread. */
    public void abort(String reason) {
        Session opened = session;
        if (opened != null) {
            opened.requestAbort(reason);
        }
    }

    /** The last operations of this rank as text, one line each. */
    public String flightRecord() {
        Session opened = session;
        return opened == null ? "" : opened.flightRecord();
    }

    /**
     * Takes leave of the other ranks, unless the attempt has failed, and frees port and memory. Call it on the rank's own thread, when no other thread
     * is in a link operation any more: the memory that such a thread reads and writes goes away.
     */
    @Override
    public void close() {
        Session opened = session;
        if (opened != null) {
            opened.leave(LEAVE_TIMEOUT.toNanos());
        }
        transport.close();
        closed.countDown();
        try {
            Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException shuttingDown) {
            // The hook is what made this rank stop.
        }
    }

    /**
     * On SIGTERM and SIGINT the driver would vanish like a killed one: the others would notice only by its silence, and its buffers would take shared memory until another rank starts
     * on this host.
     */
    private void onShutdown() {
        abort("the JVM of rank " + transport.rank() + " is shutting down");
        transport.deleteDirectory();
        try {
            closed.await(SHUTDOWN_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
