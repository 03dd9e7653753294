package io.polyglow.cluster.spark;

import io.polyglow.cluster.worker.RankHost;
import io.polyglow.cluster.worker.RankMain;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.BarrierTaskInfo;
import org.apache.spark.resource.ResourceInformation;
import scala.collection.Iterator;
import scala.runtime.AbstractFunction1;

/** The body of a barrier task: partition = rank. */
final class RankFunction extends AbstractFunction1<Iterator<Integer>, Iterator<String>>
        implements java.io.Serializable {
    /** What Spark's documentation calls it: {@code spark.task.resource.gpu.amount}. */
    private static final String GPU = "gpu";

    private final RankMain main;

    RankFunction(RankMain main) {
        this.main = main;
    }

    @Override
    public Iterator<String> apply(Iterator<Integer> unused) {
        String result = main.run(new BarrierRank(BarrierTaskContext.get()));
        return scala.collection.Iterator$.MODULE$.single(result);
    }

    private record BarrierRank(BarrierTaskContext task) implements RankHost {
        @Override
        public int rank() {
            return task.partitionId();
        }

        @Override
        public int worldSize() {
            return task.getTaskInfos().length;
        }

        @Override
        public String host() {
            return host(task.getTaskInfos()[rank()]);
        }

        @Override
        public int ranksOnHost() {
            return ranksHere(worldSize());
        }

        @Override
        public int indexOnHost() {
            return ranksHere(rank());
        }

        /** How many of the ranks below {@code end} run on this host. */
        private int ranksHere(int end) {
            String here = host();
            return Math.toIntExact(Arrays.stream(task.getTaskInfos(), 0, end)
                    .filter(info -> host(info).equals(here))
                    .count());
        }

        @Override
        public int cores() {
            return task.cpus();
        }

        @Override
        public List<String> gpus() {
            ResourceInformation gpus = task.resourcesJMap().get(GPU);
            return gpus == null ? List.of() : List.of(gpus.addresses());
        }

        @Override
        public List<String> allGather(String message) {
            try {
                return List.of(task.allGather(message));
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                // Scala declares none; this is how Spark says that some did not come, or that the driver is gone
                throw new PolyglowException(
                        ErrorKind.PEER_LOST,
                        "the ranks did not all come to their rendezvous (spark.barrier.sync.timeout says how long they wait): "
                                + e,
                        e);
            }
        }

        @Override
        public boolean cancelled() {
            return task.isInterrupted();
        }

        private static String host(BarrierTaskInfo info) {
            return info.address().replaceFirst(":[0-9]+$", "");
        }
    }
}
