package io.polyglow.cluster.rank;

import io.polyglow.cluster.pipeline.MessageLink;
import io.polyglow.cluster.pipeline.PipelineSchedules;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.cluster.transport.aeron.AeronTransport;
import io.polyglow.cluster.wire.StreamKind;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.parallel.ParallelLayout;

/**
 * What all ranks must agree on before they connect.
 *
 * @param layout the process grid
 * @param sharedEnds whether first and last stage share a parameter (tied embedding and head), which takes a link between them
 * @param runId names the run on the wire; frames of other runs are ignored
 * @param configHash hash of the resolved config; ranks with different ones refuse each other
 * @param stageMessageBytes length of the activations of one micro-batch
 * @param maxInFlight how many of those a stage link stages at most while it waits to send
 */
public record LinkPlan(
        ParallelLayout layout, boolean sharedEnds, int runId, long configHash, int stageMessageBytes, int maxInFlight) {

    /** The plan of a run; refuses messages that no link can stage. */
    public static LinkPlan of(TrainConfig config, int runId, long configHash) {
        ParallelLayout layout = config.layout().grid();
        int stages = layout.pipeline();
        long message = stages == 1 ? 0 : config.stageMessageBytes();
        if (message > Integer.MAX_VALUE) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "the activations of a micro-batch take " + message
                            + " bytes, more than the 2 GiB that can travel between two stages at once; use a smaller batch.micro");
        }
        int inFlight = PipelineSchedules.named(config.layout().schedule())
                .inFlight(0, stages, config.batch().microBatches() / layout.data());
        return new LinkPlan(layout, config.model().tied(), runId, configHash, (int) message, inFlight);
    }

    /** Whether two different ranks have a link on a stream. */
    boolean links(StreamKind stream, int rank, int peer) {
        if (rank == peer) {
            return false;
        }
        boolean sameReplica = layout.replica(rank) == layout.replica(peer);
        int distance = Math.abs(layout.stage(rank) - layout.stage(peer));
        return switch (stream) {
            case CONTROL, WORLD -> true;
            case REPLICAS -> distance == 0;
            case STAGE -> sameReplica && distance == 1;
            case SHARED -> sharedEnds && sameReplica && distance == layout.pipeline() - 1;
        };
    }

    /** {@link #links} of one rank, by stream and peer. */
    boolean[][] linksOf(int rank) {
        boolean[][] links = new boolean[StreamKind.count()][layout.worldSize()];
        for (StreamKind stream : StreamKind.values()) {
            for (int peer = 0; peer < layout.worldSize(); peer++) {
                links[stream.code()][peer] = links(stream, rank, peer);
            }
        }
        return links;
    }

    /** Bytes of shared memory that the rank with most links takes, when all ranks are on one host or each on its own. */
    public long sharedMemoryBytes(boolean oneHost) {
        long most = 0;
        for (int rank = 0; rank < layout.worldSize(); rank++) {
            most = Math.max(most, AeronTransport.sharedMemoryBytes(linksOf(rank), oneHost, AeronOptions.defaults()));
        }
        return layout.worldSize() == 1 ? 0 : most;
    }

    /** Bytes in which a rank with two neighbour stages, or as many as there are, stages what comes from them. */
    public long stagedBytes(boolean oneHost) {
        int neighbours = Math.min(layout.pipeline() - 1, 2);
        int frame = AeronTransport.maxFrameBytes(StreamKind.STAGE, oneHost, AeronOptions.defaults());
        return neighbours == 0 ? 0 : (long) neighbours * MessageLink.stagedBytes(maxInFlight, stageMessageBytes, frame);
    }
}
