package io.polyglow.trainer.optim;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.parallel.SumTree;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteOrder;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LaneSumsTest {
    @ParameterizedTest
    @CsvSource({"1,1,3", "2,1,1", "8,1,2", "8,2,2", "8,8,1", "6,1,2", "6,2,1", "6,3,2", "7,1,1", "5,5,2"})
    void shouldHoldNodesOfTreeWhenMicroBatchesAreDone(int width, int replicas, int perLane) {
        try (Engine engine = Engines.named("reference").open(1)) {
            SumTree tree = new SumTree(width, replicas);
            for (int replica = 0; replica < replicas; replica++) {
                Tensor[] buffers = allocate(engine, LaneSums.buffers(tree, replica));
                LaneSums lanes = new LaneSums(engine.kernels(), tree, replica, perLane, buffers);
                for (int step = 0; step < 2; step++) {
                    lanes.reset();
                    for (int i = tree.firstLane(replica) * perLane; i < tree.firstLane(replica + 1) * perLane; i++) {
                        Tensor buffer = buffers[lanes.begin()];
                        put(engine, buffer, (lanes.startsSum() ? 0 : get(engine, buffer)) + gradient(i));
                        lanes.end();
                    }
                    List<SumTree.Node> nodes = tree.nodesOf(replica);
                    for (int n = 0; n < nodes.size(); n++) {
                        assertThat(get(engine, buffers[n])).isEqualTo(sum(nodes.get(n), perLane));
                    }
                }
            }
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

    private static Tensor[] allocate(Engine engine, int count) {
        Tensor[] buffers = new Tensor[count];
        for (int i = 0; i < count; i++) {
            Arena arena = engine.allocate("gradients", Float.BYTES);
            buffers[i] = new Tensor(arena, 0, DType.F32, 1);
            engine.kernels().fill(buffers[i], 99);
        }
        return buffers;
    }

    private static float get(Engine engine, Tensor tensor) {
        UnsafeBuffer value = new UnsafeBuffer(new byte[Float.BYTES]);
        engine.read(tensor, value, 0);
        return value.getFloat(0, ByteOrder.LITTLE_ENDIAN);
    }

    private static void put(Engine engine, Tensor tensor, float f) {
        UnsafeBuffer value = new UnsafeBuffer(new byte[Float.BYTES]);
        value.putFloat(0, f, ByteOrder.LITTLE_ENDIAN);
        engine.write(tensor, value, 0);
    }
}
