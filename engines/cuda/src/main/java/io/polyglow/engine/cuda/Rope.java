package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Grid;
import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.kernels.AttentionShape;
import io.polyglow.trainer.tensor.Tensor;
import org.agrona.concurrent.UnsafeBuffer;
import org.bytedeco.javacpp.Pointer;

/**
 * Rotary position embedding. The sines and cosines of positions {@code 0 ... P} come from {@link StrictMath} and stay on the device; a longer context,
 * another base or another head size makes the table anew.
 */
final class Rope implements AutoCloseable {
    private static final int THREADS = 256;

    private final Launcher launcher;
    private final ByType turn;
    private final Scratch table;
    private int positions;
    private int headDim;
    private double base;

    Rope(Launcher launcher) {
        this.launcher = launcher;
        turn = launcher.kernels("rope");
        table = new Scratch(launcher.device());
    }

    void turn(Tensor qkv, AttentionShape s, int firstPosition, double theta, boolean inverse) {
        int D = s.headDim();
        int heads = s.heads() + s.kvHeads();
        long angles = angles(firstPosition + s.time(), D, theta) + (long) firstPosition * D * Float.BYTES;
        long count = qkv.dim(0) * heads * (D / 2);
        launcher.call(turn.of(qkv.dtype()))
                .tensor(qkv)
                .address(angles)
                .i32(heads)
                .i32(D)
                .i32(s.time())
                .i32(s.qkvChannels())
                .f32(inverse ? -1 : 1)
                .i64(count)
                .run(Grid.covering(count, THREADS));
    }

    private long angles(int wanted, int D, double theta) {
        long address = table.atLeast((long) wanted * D * Float.BYTES);
        if (wanted > positions || D != headDim || theta != base) {
            upload(address, wanted, D, theta);
            positions = wanted;
            headDim = D;
            base = theta;
        }
        return address;
    }

    private void upload(long address, int wanted, int D, double theta) {
        Device device = launcher.device();
        int bytes = Math.multiplyExact(Math.multiplyExact(wanted, D), Float.BYTES);
        Pointer memory = device.allocateHost(bytes);
        UnsafeBuffer view = new UnsafeBuffer(memory.address(), bytes);
        for (int position = 0; position < wanted; position++) {
            for (int i = 0; i < D / 2; i++) {
                double angle = position * StrictMath.pow(theta, -2.0 * i / D);
                int at = (position * D + i) * Float.BYTES;
                view.putFloat(at, (float) StrictMath.cos(angle));
                view.putFloat(at + D / 2 * Float.BYTES, (float) StrictMath.sin(angle));
            }
        }
        device.toDevice(address, memory, bytes);
        device.await();
        device.freeHost(memory);
    }

    @Override
    public void close() {
        table.close();
    }
}
