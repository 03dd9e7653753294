package io.polyglow.cluster.rank;

import io.polyglow.cluster.failure.Patience;
import io.polyglow.cluster.transport.aeron.AeronOptions;
import io.polyglow.common.AllowApi;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Collectives;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.SumTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The child of {@link RankProcess}: prints {@code address ADDRESS}, reads all addresses, then runs a task: {@code loop} all-reduces until something fails and
 * prints {@code failed KIND MESSAGE}; {@code bandwidth MIB ROUNDS} prints {@code seconds} of every round.
 */
@AllowApi("a child process talks to its parent over its standard streams, and measures time")
final class RankProcessMain {
    private RankProcessMain() {}

    public static void main(String[] args) throws IOException {
        int rank = Integer.parseInt(args[0]);
        ParallelLayout layout = new ParallelLayout(Integer.parseInt(args[1]), 1);
        int epoch = Integer.parseInt(args[2]);
        try (RankTransport transport = RankTransport.open("127.0.0.1", rank, epoch, layout, AeronOptions.defaults())) {
            System.out.println("address " + transport.localAddress());
            String addresses = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)).readLine();
            LinkPlan plan = new LinkPlan(layout, false, 5, 5, 0, 0);
            Collectives group = transport
                    .connect(List.of(addresses.split(" ")), plan, Patience.beyond(Duration.ZERO, () -> false))
                    .replicas();
            System.out.println("connected");
            if (args[3].equals("loop")) {
                loop(group);
            } else {
                bandwidth(group, Integer.parseInt(args[4]) << 20, Integer.parseInt(args[5]));
            }
        } catch (PolyglowException e) {
            System.out.println("failed " + e.kind() + " " + e.getMessage());
        }
    }

    private static void loop(Collectives group) {
        AllReduce allReduce = new AllReduce(group, 4 << 20);
        for (int step = 1; ; step++) {
            allReduce.run();
            System.out.println("step " + step);
        }
    }

    private static void bandwidth(Collectives group, int bytes, int rounds) {
        AllReduce allReduce = new AllReduce(group, bytes);
        for (int round = 0; round < rounds; round++) {
            group.barrier();
            long start = System.nanoTime();
            allReduce.reduceScatter();
            long middle = System.nanoTime();
            allReduce.allGather();
            long end = System.nanoTime();
            System.out.println("seconds " + (middle - start) / 1e9 + " " + (end - middle) / 1e9);
        }
        allReduce.check();
    }

    /** The sum of one buffer over all ranks, by reduce-scatter and all-gather. */
    private static final class AllReduce {
        private final Collectives group;
        private final int floats;
        private final int[] offsets;
        private final int[] byteOffsets;
        private final UnsafeBuffer partial;
        private final UnsafeBuffer sum;
        private final UnsafeBuffer slice;
        private final SumTree tree;

        AllReduce(Collectives group, int bytes) {
            this.group = group;
            this.floats = bytes / Float.BYTES;
            this.tree = new SumTree(group.size(), group.size());
            this.partial = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
            this.sum = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
            this.offsets = new int[group.size() + 1];
            Arrays.setAll(offsets, i -> (int) ((long) floats * i / group.size()));
            this.byteOffsets = Arrays.stream(offsets).map(i -> i * Float.BYTES).toArray();
            int from = byteOffsets[group.rank()];
            this.slice = new UnsafeBuffer(sum, from, byteOffsets[group.rank() + 1] - from);
            for (int i = 0; i < floats; i++) {
                partial.putFloat(i * Float.BYTES, value(i) * (group.rank() + 1));
            }
        }

        private static float value(int i) {
            return i % 1000;
        }

        void run() {
            reduceScatter();
            allGather();
        }

        void reduceScatter() {
            group.reduceScatter(new DirectBuffer[] {partial}, tree, offsets, slice);
        }

        void allGather() {
            group.allGather(sum, byteOffsets);
        }

        void check() {
            float factor = group.size() * (group.size() + 1) / 2f;
            for (int i = 0; i < floats; i++) {
                if (sum.getFloat(i * Float.BYTES) != value(i) * factor) {
                    throw new AssertionError("wrong sum at " + i);
                }
            }
        }
    }
}
