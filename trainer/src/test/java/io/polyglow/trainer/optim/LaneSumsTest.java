package io.polyglow.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.model.GradientSet;
import io.polyglow.trainer.model.ModelConfig;
import io.polyglow.trainer.model.ParameterLayout;
import io.polyglow.trainer.model.StagePlan;
import io.polyglow.trainer.model.TinyModels;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.precision.Precision;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaneSumsTest {
    private static final ModelConfig MODEL = TinyModels.gpt2(1);

    @ParameterizedTest
    @CsvSource({"1,1,3", "2,1,1", "8,1,2", "8,2,2", "8,8,1", "6,1,2", "6,2,1", "6,3,2", "7,1,1", "5,5,2"})
    void shouldHoldNodesOfTreeWhenMicroBatchesAreDone(int width, int replicas, int perLane) {
        try (Engine engine = Engines.named("reference").open(1)) {
            SumTree tree = new SumTree(width, replicas);
            for (int replica = 0; replica < replicas; replica++) {
                List<GradientSet> buffers = allocate(engine, LaneSums.buffers(tree, replica));
                LaneSums lanes = new LaneSums(engine.kernels(), tree, replica, perLane, buffers);
                for (int step = 0; step < 2; step++) {
                    run(engine, lanes, tree, replica, perLane);
                    List<SumTree.Node> nodes = tree.nodesOf(replica);
                    for (int n = 0; n < nodes.size(); n++) {
                        assertEverywhere(engine, buffers.get(n), sum(nodes.get(n), perLane));
                    }
                }
            }
        }
    }

    /** All micro-batches of a replica; the progress of the last one is heard in pieces. */
    private static void run(Engine engine, LaneSums lanes, SumTree tree, int replica, int perLane) {
        lanes.reset();
        int end = tree.firstLane(replica + 1) * perLane;
        for (int i = tree.firstLane(replica) * perLane; i < end; i++) {
            GradientSet sum = lanes.begin();
            float before = i % perLane == 0 ? 0 : get(engine, sum.flat().slice(0, 1));
            assertThat(lanes.isLast()).isEqualTo(i == end - 1);
            engine.kernels().fill(sum.flat(), before + gradient(i));
            if (lanes.isLast()) {
                lanes.finished(sum.flat().size());
                lanes.finished(100);
                lanes.finished(64);
            }
            lanes.end();
        }
    }

    private static void assertEverywhere(Engine engine, GradientSet gradients, float expected) {
        for (long at : new long[] {0, 63, 64, 99, 100, gradients.flat().size() - 1}) {
            assertThat(get(engine, gradients.flat().slice(at, 1))).isEqualTo(expected);
        }
    }

    @Test
    void shouldNeedFewBuffersWhenLanesAreMany() {
        assertThat(LaneSums.buffers(new SumTree(8, 8), 3)).isEqualTo(1);
        assertThat(LaneSums.buffers(new SumTree(8, 1), 0)).isEqualTo(4);
        assertThat(LaneSums.buffers(new SumTree(1024, 1), 0)).isEqualTo(11);
    }

    /** Values whose sums depend on the order of additions. */
    private static float gradient(int microBatch) {
        return (float) Math.sin(microBatch * 12.9898 + 1) * (1 << microBatch % 9);
    }

    private static float sum(SumTree.Node node, int perLane) {
        if (!node.isLane()) {
            return sum(node.left(), perLane) + sum(node.right(), perLane);
        }
        float sum = 0;
        for (int i = node.lo() * perLane; i < node.hi() * perLane; i++) {
            sum += gradient(i);
        }
        return sum;
    }

    private static List<GradientSet> allocate(Engine engine, int count) {
        ParameterLayout layout = new ParameterLayout(MODEL, StagePlan.whole(MODEL));
        List<GradientSet> buffers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            GradientSet buffer = new GradientSet(engine, layout, Precision.of(DType.F32));
            engine.kernels().fill(buffer.flat(), 99);
            buffers.add(buffer);
        }
        return buffers;
    }

    private static float get(Engine engine, Tensor tensor) {
        UnsafeBuffer value = new UnsafeBuffer(new byte[Float.BYTES]);
        engine.read(tensor, value, 0);
        return value.getFloat(0, ByteOrder.LITTLE_ENDIAN);
    }
}
