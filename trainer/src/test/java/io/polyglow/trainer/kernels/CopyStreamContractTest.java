package io.polyglow.trainer.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What every {@link CopyStream} promises, and {@link Engine#allocateHost} with it. The test's thread is the engine's; another one copies. */
@Timeout(120)
public abstract class CopyStreamContractTest {
    private static final int SIZE = 1021;
    /** Elements of a tensor that is larger than what an engine may put by on the way, and not a multiple of anything. */
    private static final int LARGE = (17 << 18) + 3;

    /** Where the bytes are on the host. */
    private enum Host {
        ENGINES,
        VIEW_OF_ENGINES,
        DIRECT,
        HEAP
    }

    private final ExecutorService copier = Executors.newSingleThreadExecutor();
    private final Random random = new Random(5);
    private @Nullable Engine engine;
    private @Nullable CopyStream copies;

    /** Opens an engine that has copy streams. */
    protected abstract Engine open();

    @BeforeEach
    void openStream() {
        engine = open();
        copies = engine.copyStream();
    }

    @AfterEach
    void close() {
        copier.shutdownNow();
        copies().close();
        engine().close();
    }

    private Engine engine() {
        return Objects.requireNonNull(engine);
    }

    private Kernels kernels() {
        return engine().kernels();
    }

    private CopyStream copies() {
        return Objects.requireNonNull(copies);
    }

    private Tensor tensor(long size) {
        return new Tensor(engine().allocate("test", size * Float.BYTES), 0, DType.F32, size);
    }

    private UnsafeBuffer buffer(Host host, int bytes) {
        return switch (host) {
            case ENGINES -> engine().allocateHost(bytes);
            case VIEW_OF_ENGINES -> new UnsafeBuffer(engine().allocateHost(bytes + 24), 16, bytes);
            case DIRECT -> new UnsafeBuffer(ByteBuffer.allocateDirect(bytes));
            case HEAP -> new UnsafeBuffer(new byte[bytes]);
        };
    }

    private byte[] noise(int bytes) {
        byte[] noise = new byte[bytes];
        random.nextBytes(noise);
        return noise;
    }

    private static byte[] bytes(UnsafeBuffer buffer, int from, int length) {
        byte[] bytes = new byte[length];
        buffer.getBytes(from, bytes);
        return bytes;
    }

    /** What the engine itself reads. */
    private byte[] bytes(Tensor tensor) {
        UnsafeBuffer buffer = new UnsafeBuffer(new byte[(int) tensor.bytes()]);
        engine().read(tensor, buffer, 0);
        return buffer.byteArray();
    }

    /** As many elements of one value. */
    private static byte[] floats(int size, float value) {
        double[] values = new double[size];
        Arrays.fill(values, value);
        return Values.encode(DType.F32, values).byteArray();
    }

    /** Has the other thread do something, and waits for it. */
    private void copy(Runnable work) throws Exception {
        copier.submit(work).get();
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void shouldReadWhatTheKernelCallsBeforeAnEventWrote(Host host) throws Exception {
        Tensor sum = tensor(SIZE), one = tensor(SIZE), later = tensor(SIZE);
        UnsafeBuffer to = buffer(host, SIZE * Float.BYTES);
        CopyStream.Event event = copies().newEvent();
        CountDownLatch recorded = new CountDownLatch(1);
        Future<?> read = copier.submit(() -> {
            recorded.await();
            event.await();
            copies().read(sum, to, 0);
            return null;
        });
        kernels().fill(one, 1);
        kernels().fill(sum, 0);
        for (int i = 0; i < 7; i++) {
            kernels().add(sum, one);
        }
        event.record();
        recorded.countDown();
        kernels().fill(later, 3);
        read.get();
        assertThat(bytes(to, 0, to.capacity())).isEqualTo(floats(SIZE, 7));
        assertThat(bytes(later)).isEqualTo(floats(SIZE, 3));
    }

    @Test
    void shouldReadWhatTheEngineWroteBeforeAnEvent() throws Exception {
        Tensor tensor = tensor(SIZE);
        byte[] expected = noise(SIZE * Float.BYTES);
        UnsafeBuffer to = buffer(Host.ENGINES, expected.length);
        CopyStream.Event event = copies().newEvent();
        engine().write(tensor, new UnsafeBuffer(expected), 0);
        event.record();
        copy(() -> {
            event.await();
            copies().read(tensor, to, 0);
        });
        assertThat(bytes(to, 0, expected.length)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void shouldShowItsWritesToKernelCallsThatAreMadeAfterThem(Host host) throws Exception {
        Tensor sum = tensor(SIZE), term = tensor(SIZE);
        UnsafeBuffer from = buffer(host, SIZE * Float.BYTES);
        CopyStream.Event event = copies().newEvent();
        kernels().fill(sum, 0.5);
        kernels().fill(term, 100);
        event.record();
        copy(() -> {
            event.await();
            from.putBytes(0, floats(SIZE, 2));
            copies().write(term, from, 0);
            from.setMemory(0, from.capacity(), (byte) 0x7f);
        });
        kernels().add(sum, term);
        assertThat(bytes(sum)).isEqualTo(floats(SIZE, 2.5f));
    }

    /** Parts of a tensor to and from parts of a buffer, neither of which begins at a round address, and nothing beside them. */
    @ParameterizedTest
    @EnumSource(Host.class)
    void shouldMoveTensorsOfAnySizeToAndFromAnyPlace(Host host) throws Exception {
        Tensor whole = tensor(LARGE + 2);
        CopyStream.Event event = copies().newEvent();
        for (int size : List.of(0, 1, 63, SIZE, 1 << 20, LARGE)) {
            Tensor part = whole.slice(1, size);
            int length = (int) part.bytes(), at = 4 + 12 * (size % 5);
            byte[] before = noise((int) whole.bytes()), expected = noise(length);
            UnsafeBuffer buffer = buffer(host, length + 64);
            engine().write(whole, new UnsafeBuffer(before), 0);
            event.record();
            copy(() -> {
                event.await();
                buffer.putBytes(at, expected);
                copies().write(part, buffer, at);
                buffer.setMemory(0, buffer.capacity(), (byte) 0x55);
                copies().read(part, buffer, at);
            });
            System.arraycopy(expected, 0, before, 4, length);
            assertThat(bytes(whole)).as("the tensor, %d elements", size).isEqualTo(before);
            assertThat(bytes(buffer, at, length)).as("%d elements", size).isEqualTo(expected);
            assertThat(bytes(buffer, 0, at)).containsOnly((byte) 0x55);
            assertThat(bytes(buffer, at + length, 64 - at)).containsOnly((byte) 0x55);
        }
    }

    /** One tensor is read while the next value is computed into the other. */
    @Test
    void shouldUseEventsAgainInEveryRound() throws Exception {
        Tensor[] tensors = {tensor(SIZE), tensor(SIZE)};
        CopyStream.Event[] events = {copies().newEvent(), copies().newEvent()};
        UnsafeBuffer to = buffer(Host.ENGINES, SIZE * Float.BYTES);
        Future<?> before = copier.submit(() -> {});
        for (int round = 0; round < 100; round++) {
            Tensor tensor = tensors[round % 2];
            CopyStream.Event event = events[round % 2];
            byte[] expected = floats(SIZE, round);
            kernels().fill(tensor, round);
            event.record();
            Future<?> now = copier.submit(() -> {
                event.await();
                copies().read(tensor, to, 0);
                assertThat(bytes(to, 0, expected.length)).isEqualTo(expected);
            });
            before.get();
            before = now;
        }
        before.get();
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void shouldLeaveABufferToItsOwnerWhenTheEngineHasReadOrWritten(Host host) {
        Tensor first = tensor(LARGE), second = tensor(LARGE);
        byte[] expected = noise(LARGE * Float.BYTES), other = noise(LARGE * Float.BYTES);
        UnsafeBuffer buffer = buffer(host, expected.length + 12);
        buffer.putBytes(12, expected);
        engine().write(first, buffer, 12);
        buffer.putBytes(12, other);
        engine().write(second, buffer, 12);
        buffer.setMemory(0, buffer.capacity(), (byte) 0);
        engine().read(first, buffer, 12);
        assertThat(bytes(buffer, 12, expected.length)).isEqualTo(expected);
        engine().read(second, buffer, 12);
        assertThat(bytes(buffer, 12, expected.length)).isEqualTo(other);
    }

    @Test
    void shouldHaveSeveralStreamsAndGoOnWhenOneIsClosed() throws Exception {
        Tensor tensor = tensor(SIZE);
        UnsafeBuffer to = buffer(Host.ENGINES, SIZE * Float.BYTES);
        for (int round = 1; round < 4; round++) {
            CopyStream another = Objects.requireNonNull(engine().copyStream());
            CopyStream.Event event = another.newEvent();
            kernels().fill(tensor, round);
            event.record();
            copy(() -> {
                event.await();
                another.read(tensor, to, 0);
                another.close();
            });
            assertThat(bytes(to, 0, to.capacity())).isEqualTo(floats(SIZE, round));
        }
        CopyStream.Event event = copies().newEvent();
        kernels().fill(tensor, 9);
        event.record();
        copy(() -> {
            event.await();
            copies().read(tensor, to, 0);
        });
        assertThat(bytes(to, 0, to.capacity())).isEqualTo(floats(SIZE, 9));
    }

    @ParameterizedTest
    @EnumSource(Host.class)
    void shouldRefuseWhatDoesNotFitTheBuffer(Host host) {
        Tensor tensor = tensor(SIZE);
        UnsafeBuffer buffer = buffer(host, SIZE * Float.BYTES);
        assertThatThrownBy(() -> copies().read(tensor, buffer, 4)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> copies().write(tensor, buffer, 4)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
