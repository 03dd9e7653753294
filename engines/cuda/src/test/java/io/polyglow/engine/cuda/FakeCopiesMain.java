package io.polyglow.engine.cuda;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.CopyStream;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.agrona.concurrent.UnsafeBuffer;

/** A process of {@link FakeNvidiaTest}: another thread copies while this one computes and records, and after the GPU has been given up; prints what it sees. */
final class FakeCopiesMain {
    private static final int SIZE = 64;
    private static final int BYTES = SIZE * SIZE * Float.BYTES;

    private final NvidiaDevice device = new NvidiaDevice(0);
    private final CudaEngine engine = new CudaEngine(
            device, new CublasLt(device), new Nvrtc(), new NvidiaNccl(device), KernelCache.defaultFolder());
    private final CopyStream copies = engine.copyStream();
    private final CopyStream.Event event = copies.newEvent();
    private final ExecutorService copier = Executors.newSingleThreadExecutor();
    private final Tensor ones = tensor();
    private final Tensor square = tensor();

    private FakeCopiesMain() {}

    public static void main(String[] arguments) throws Exception {
        new CudaEngineProvider().unavailable(); // loads the libraries
        FakeCopiesMain main = new FakeCopiesMain();
        main.compute(main.engine.allocateHost(BYTES), "page-locked");
        main.compute(new UnsafeBuffer(new byte[BYTES]), "plain");
        main.copyBesideARecording();
        main.recordInARecording();
        if (arguments.length > 0) {
            main.giveUp();
        }
        main.close();
    }

    private Tensor tensor() {
        return new Tensor(engine.allocate("test", BYTES), 0, DType.F32, SIZE, SIZE);
    }

    private void copy(Runnable work) {
        Future<?> copied = copier.submit(work);
        try {
            copied.get(60, TimeUnit.SECONDS);
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    private static void fill(UnsafeBuffer buffer, float value) {
        for (int at = 0; at < buffer.capacity(); at += Float.BYTES) {
            buffer.putFloat(at, value);
        }
    }

    private static String values(UnsafeBuffer buffer) {
        float first = buffer.getFloat(0);
        for (int at = 0; at < BYTES; at += Float.BYTES) {
            if (buffer.getFloat(at) != first) {
                return first + " and others";
            }
        }
        return "all " + first;
    }

    private void multiply() {
        engine.kernels().linear(square, ones, ones, WeightLayout.OUT_IN, null, null);
    }

    /** The other thread reads a product of what this thread has written, then writes what this thread multiplies. */
    private void compute(UnsafeBuffer buffer, String name) {
        fill(buffer, 1);
        engine.write(ones, buffer, 0);
        fill(buffer, 100);
        multiply();
        event.record();
        copy(() -> {
            event.await();
            copies.read(square, buffer, 0);
            System.out.println(name + ", read: " + values(buffer));
            fill(buffer, 2);
            copies.write(ones, buffer, 0);
            fill(buffer, 100);
        });
        multiply();
        engine.read(square, buffer, 0);
        System.out.println(name + ", written: " + values(buffer));
    }

    private void copyBesideARecording() {
        UnsafeBuffer buffer = engine.allocateHost(BYTES);
        for (int run = 0; run < 3; run++) {
            event.record();
            engine.repeat("beside", () -> {
                multiply();
                copy(() -> {
                    event.await();
                    try (CopyStream another = engine.copyStream()) {
                        another.read(ones, new UnsafeBuffer(new byte[BYTES]), 0);
                    }
                    copies.read(ones, buffer, 0);
                });
            });
        }
        System.out.println("beside a recording: " + values(buffer));
    }

    private void recordInARecording() {
        for (int run = 0; run < 2; run++) {
            try {
                engine.repeat("inside", event::record);
            } catch (IllegalStateException e) {
                System.out.println("run " + run + ": " + e.getMessage());
            }
        }
    }

    private void giveUp() {
        event.record();
        write("given up");
        device.abandon();
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[BYTES]);
        refused(event::record);
        refused(() -> engine.allocateHost(1));
        refused(engine::copyStream);
        copy(() -> {
            refused(event::await);
            refused(() -> copies.read(ones, buffer, 0));
            refused(() -> copies.write(ones, buffer, 0));
        });
    }

    private static void write(String line) {
        try {
            Files.writeString(Path.of(System.getenv("FAKE_LOG")), line + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void refused(Runnable call) {
        try {
            call.run();
            System.out.println("not refused");
        } catch (PolyglowException e) {
            System.out.println(e.kind() + ": " + e.getMessage());
        }
    }

    private void close() {
        copy(copies::close);
        copies.close();
        copier.shutdown();
        engine.close();
        System.out.println("closed");
    }
}
