package io.polyglow.cluster.rank;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Runs every rank of a layout on its own thread of this JVM, over Aeron on loopback. */
final class RankThreads {
    /** What one rank does with its links. */
    interface Body {
        void run(RankTransport transport, RankLinks links) throws Exception;
    }

    private static int epochs;

    private RankThreads() {}

    /** Runs all ranks to the end; returns each rank's failure, or null. */
    static List<Throwable> run(LinkPlan plan, AeronOptions options, Patience patience, Body body) throws Exception {
        int epoch = ++epochs;
        ParallelLayout layout = plan.layout();
        String[] addresses = new String[layout.worldSize()];
        CyclicBarrier rendezvous = new CyclicBarrier(layout.worldSize());
        ExecutorService threads = Executors.newFixedThreadPool(layout.worldSize());
        List<Future<Throwable>> futures = new ArrayList<>();
        for (int i = 0; i < layout.worldSize(); i++) {
            int rank = i;
            futures.add(threads.submit(() -> {
                try (RankTransport transport = RankTransport.open("127.0.0.1", rank, epoch, layout, options)) {
                    addresses[rank] = transport.localAddress();
                    rendezvous.await(20, TimeUnit.SECONDS);
                    RankLinks links = transport.connect(List.of(addresses), plan, patience);
                    body.run(transport, links);
                    return null;
                } catch (Throwable e) {
                    return e;
                }
            }));
        }
        List<Throwable> failures = new ArrayList<>();
        for (Future<Throwable> future : futures) {
            failures.add(future.get(60, TimeUnit.SECONDS));
        }
        threads.shutdownNow();
        return failures;
    }
}
