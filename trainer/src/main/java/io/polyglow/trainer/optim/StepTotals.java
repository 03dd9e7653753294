package io.polyglow.trainer.optim;

import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.optim.ModelShards.Group;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What all ranks must agree on before the update: the loss of every micro-batch and the norm of every gradient block. Ranks of the last stage
 * put the losses of their micro-batches, owners of slices the sums of squares of their blocks; one all-gather over the world
 * completes both. Then every rank adds them in the same order: micro-batch by micro-batch, parameter by parameter, block by block.
 */
public final class StepTotals {
    /** No such micro-batch or block. */
    public static final int NONE = -1;

    /** A block of gradients; the owner is a rank of the world. */
    public record Block(ParameterSpec parameter, int index, int owner) {}

    /** A block and where its norm stands among the values. */
    private record Placed(Block block, int at) {}

    private final Collectives world;
    private final UnsafeBuffer values;
    private final int[] byteOffsets;
    private final int[] lossAt;
    private final int firstLoss;
    private final int firstNorm;
    private final List<Block> blocks = new ArrayList<>();
    private final int[] blockAt;

    /** Totals over {@code microBatches} of the global batch; {@code parameters} is the model's table, whose order is that of the sum. */
    public StepTotals(ModelShards shards, List<ParameterSpec> parameters, int microBatches, Collectives world) {
        this.world = world;
        ParallelLayout layout = shards.layout();
        int perReplica = microBatches / layout.data();
        lossAt = new int[microBatches];
        byteOffsets = new int[layout.worldSize() + 1];
        Map<String, List<Placed>> placed = new HashMap<>();
        int at = 0;
        for (int rank = 0; rank < layout.worldSize(); rank++) {
            byteOffsets[rank] = at * Double.BYTES;
            if (layout.stage(rank) == layout.pipeline() - 1) {
                for (int i = 0; i < perReplica; i++) {
                    lossAt[layout.replica(rank) * perReplica + i] = at++;
                }
            }
            at = placeBlocks(shards, rank, at, placed);
        }
        byteOffsets[layout.worldSize()] = at * Double.BYTES;
        values = new UnsafeBuffer(ByteBuffer.allocateDirect(at * Double.BYTES));
        blockAt = order(parameters, placed);
        int me = world.rank();
        boolean last = layout.stage(me) == layout.pipeline() - 1;
        firstLoss = byteOffsets[me];
        firstNorm = firstLoss + (last ? perReplica * Double.BYTES : 0);
    }

    private static int placeBlocks(ModelShards shards, int rank, int first, Map<String, List<Placed>> placed) {
        int at = first;
        for (Group group : shards.ownedBy(shards.layout().stage(rank))) {
            for (Segment segment : group.plan().segmentsOf(shards.layout().replica(rank))) {
                ParameterSpec spec = group.parameters().get(segment.parameter());
                List<Placed> ofParameter = placed.computeIfAbsent(spec.name(), name -> new ArrayList<>());
                for (int b = 0; b < segment.blocks(); b++) {
                    int index = Math.toIntExact(segment.from() / ShardPlan.BLOCK + b);
                    ofParameter.add(new Placed(new Block(spec, index, rank), at++));
                }
            }
        }
        return at;
    }

    /** Parameter by parameter, block by block, whoever owns them. */
    private int[] order(List<ParameterSpec> parameters, Map<String, List<Placed>> placed) {
        List<Integer> places = new ArrayList<>();
        for (ParameterSpec parameter : parameters) {
            List<Placed> ofParameter = placed.getOrDefault(parameter.name(), new ArrayList<>());
            ofParameter.sort(Comparator.comparingInt(each -> each.block().index()));
            for (Placed each : ofParameter) {
                blocks.add(each.block());
                places.add(each.at());
            }
        }
        return places.stream().mapToInt(Integer::intValue).toArray();
    }

    /** Puts the loss of this replica's micro-batch {@code index}; only on the last stage. */
    public void putLoss(int index, double loss) {
        values.putDouble(firstLoss + index * Double.BYTES, loss, ByteOrder.LITTLE_ENDIAN);
    }

    /** Where this rank puts the norms of its blocks, in the order of its groups and segments. */
    UnsafeBuffer buffer() {
        return values;
    }

    int normOffset() {
        return firstNorm;
    }

    /** Completes the values on every rank. */
    public void exchange() {
        world.allGather(values, byteOffsets);
    }

    /** Sum of the losses of all micro-batches. */
    public double lossSum() {
        double sum = 0;
        for (int at : lossAt) {
            sum += value(at);
        }
        return sum;
    }

    /** Norm of the gradient of all parameters. */
    public double gradientNorm() {
        double sum = 0;
        for (int at : blockAt) {
            sum += value(at);
        }
        return Math.sqrt(sum);
    }

    /** The first micro-batch whose loss is not finite, or {@link #NONE}. */
    public int badMicroBatch() {
        return firstBad(lossAt);
    }

    /** The first block whose norm is not finite, or {@link #NONE}. */
    public int badBlock() {
        return firstBad(blockAt);
    }

    /** A block in the order of the sum. */
    public Block block(int index) {
        return blocks.get(index);
    }

    /** Loss of one micro-batch of the global batch. */
    public double loss(int microBatch) {
        return value(lossAt[microBatch]);
    }

    private int firstBad(int[] places) {
        for (int i = 0; i < places.length; i++) {
            if (!Double.isFinite(value(places[i]))) {
                return i;
            }
        }
        return NONE;
    }

    private double value(int at) {
        return values.getDouble(at * Double.BYTES, ByteOrder.LITTLE_ENDIAN);
    }
}
