package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.simd.RopeLoops;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Rotary position embedding. The sines and cosines of a run of positions are kept until another run, base or head size is asked
 * for; they come from {@link StrictMath}, so that every machine turns by the same angles.
 */
final class Rope implements AutoCloseable {
    private final Team team;
    private final Scratch table = new Scratch();
    private int tableFirst = -1;
    private int tableTime;
    private int tableDim;
    private double tableTheta;

    Rope(Team team) {
        this.team = team;
    }

    void turn(Tensor qkv, AttentionShape s, int first, double theta, boolean inverse) {
        int T = s.time();
        int half = s.headDim() / 2;
        int heads = s.heads() + s.kvHeads();
        int channels = heads * s.headDim();
        ByteBuffer angles = angles(first, T, s.headDim(), theta);
        float sign = inverse ? -1 : 1;
        team.ranges(qkv.dim(0), Math.max(1, Elements.BLOCK / channels), (from, to, lane) -> {
            for (long n = from; n < to; n++) {
                Window row = lane.window(0).read(qkv, n * s.qkvChannels(), channels);
                int angle = (int) (n % T) * s.headDim() * Float.BYTES;
                for (int h = 0; h < heads; h++) {
                    RopeLoops.turn(row.buffer, row.at + h * s.headDim() * Float.BYTES, angles, angle, half, sign);
                }
                row.commit();
            }
        });
    }

    private ByteBuffer angles(int first, int T, int D, double theta) {
        ByteBuffer view = table.atLeast((long) T * D * Float.BYTES).view(0);
        if (first != tableFirst || T > tableTime || D != tableDim || theta != tableTheta) {
            for (int t = 0; t < T; t++) {
                fillRow(view, t * D * Float.BYTES, first + t, D, theta);
            }
            tableFirst = first;
            tableTime = T;
            tableDim = D;
            tableTheta = theta;
        }
        return view;
    }

    private static void fillRow(ByteBuffer view, int at, int position, int D, double theta) {
        int half = D / 2;
        for (int i = 0; i < half; i++) {
            double angle = position * StrictMath.pow(theta, -2.0 * i / D);
            view.putFloat(at + 4 * i, (float) StrictMath.cos(angle));
            view.putFloat(at + 4 * (half + i), (float) StrictMath.sin(angle));
        }
    }

    @Override
    public void close() {
        table.close();
    }
}
