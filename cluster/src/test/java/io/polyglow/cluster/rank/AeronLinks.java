package io.polyglow.cluster.rank;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.parallel.Ranks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;

/** Connects all ranks of a layout in this JVM, for tests that then use each rank from a thread of their own. */
final class AeronLinks {
    /** One connected rank. */
    record Connected(RankTransport transport, RankLinks links) {
        /** Leaves at once; the others see an abort, as from a rank that failed. */
        void quit() {
            transport.abort("this rank quits");
            transport.close();
        }
    }

    private static final AtomicInteger EPOCHS = new AtomicInteger();

    private AeronLinks() {}

    static int nextEpoch() {
        return EPOCHS.incrementAndGet();
    }

    static List<Connected> connect(LinkPlan plan, Medium medium, AeronOptions options, Patience patience) {
        int epoch = nextEpoch();
        List<RankTransport> transports = new ArrayList<>();
        List<String> addresses = new ArrayList<>();
        for (int rank = 0; rank < plan.layout().worldSize(); rank++) {
            transports.add(RankTransport.open("127.0.0.1", rank, epoch, plan.layout(), options));
            addresses.add(medium.address(transports.get(rank).localAddress()));
        }
        List<Callable<Connected>> bodies = new ArrayList<>();
        for (RankTransport transport : transports) {
            bodies.add(() -> new Connected(transport, transport.connect(addresses, plan, patience)));
        }
        List<Connected> connected = new ArrayList<>();
        for (Ranks.Outcome<Connected> outcome : run(bodies)) {
            if (outcome.error() != null) {
                throw new AssertionError("a rank did not connect", outcome.error());
            }
            connected.add(outcome.value());
        }
        return connected;
    }

    static <T> List<Ranks.Outcome<T>> run(List<Callable<T>> bodies) {
        try {
            return Ranks.run(bodies, Duration.ofSeconds(60));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
