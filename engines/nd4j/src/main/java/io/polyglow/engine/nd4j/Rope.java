package io.polyglow.engine.nd4j;

import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rotary position embedding: turns the channel pairs (i, i + D/2) of query and key heads. */
final class Rope implements AutoCloseable {
    private final Scratch scratch;
    private final Map<Wheel, Table> tables = new HashMap<>();

    Rope(Scratch scratch) {
        this.scratch = scratch;
    }

    private record Wheel(int half, double theta) {}

    /** Cosines and sines {@code [positions, D/2]}. */
    private record Table(int positions, Floats cosines, Floats sines) {}

    void turn(Tensor qkv, AttentionShape shape, int firstPosition, double theta, boolean inverse) {
        int half = shape.headDim() / 2, T = shape.time(), heads = shape.heads() + shape.kvHeads();
        Table table = table(new Wheel(half, theta), firstPosition + T);
        long row = (long) firstPosition * half;
        INDArray cos = table.cosines.view(row, 1, T, 1, half);
        INDArray sin = table.sines.view(row, 1, T, 1, half);
        INDArray a = halves(qkv, shape, 0);
        INDArray b = halves(qkv, shape, half);
        long size = (long) shape.batch() * T * heads * half;
        INDArray first = scratch.take(size).dense(a.shape());
        INDArray second = scratch.take(size).dense(a.shape());
        INDArray product = scratch.take(size).dense(a.shape());
        Ops.multiply(first, a, cos);
        Ops.multiply(product, b, sin);
        combine(first, product, inverse);
        Ops.multiply(second, b, cos);
        Ops.multiply(product, a, sin);
        combine(second, product, !inverse);
        a.assign(first);
        b.assign(second);
    }

    private static void combine(INDArray x, INDArray product, boolean plus) {
        if (plus) {
            Ops.add(x, x, product);
        } else {
            Ops.subtract(x, x, product);
        }
    }

    /** Half of each query and key head, {@code [B, T, heads, D/2]}. */
    private static INDArray halves(Tensor qkv, AttentionShape s, int from) {
        long R = s.qkvChannels(), D = s.headDim();
        long[] dims = {s.batch(), s.time(), s.heads() + s.kvHeads(), D / 2};
        return Run.of(qkv).strided(from, dims, new long[] {s.time() * R, R, D, 1});
    }

    private Table table(Wheel wheel, int positions) {
        Table table = tables.get(wheel);
        if (table == null || table.positions < positions) {
            if (table != null) {
                close(table);
            }
            table = newTable(wheel, Integer.highestOneBit(Math.max(1, positions - 1)) << 1);
            tables.put(wheel, table);
        }
        return table;
    }

    /** On the host, once: angles need double precision. */
    private static Table newTable(Wheel wheel, int positions) {
        float[] cosines = new float[Math.multiplyExact(positions, wheel.half)];
        float[] sines = new float[cosines.length];
        for (int i = 0; i < cosines.length; i++) {
            int position = i / wheel.half;
            double angle = position * Math.pow(wheel.theta, -(double) (i % wheel.half) / wheel.half);
            cosines[i] = (float) Math.cos(angle);
            sines[i] = (float) Math.sin(angle);
        }
        return new Table(positions, floats(cosines), floats(sines));
    }

    private static Floats floats(float[] values) {
        Floats floats = new Floats("rope", values.length);
        Transfer.write(floats.view(0, values.length), values);
        return floats;
    }

    private static void close(Table table) {
        table.cosines.close();
        table.sines.close();
    }

    @Override
    public void close() {
        tables.values().forEach(Rope::close);
        tables.clear();
    }
}
