package io.polyglow.engine.cuda;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/** Device memory in host arrays; copies happen at once, or when they are waited for where the {@link #main} stream lags; launches are written down. */
final class FakeDevice implements Device, FakeNccl.Memory {
    /** A launch as the driver would see it. */
    record Launch(String kernel, Grid grid, int sharedBytes, ByteBuffer arguments) {}

    private static final long FIRST_ADDRESS = 1L << 40;

    final List<Launch> launches = new ArrayList<>();
    final List<byte[]> loaded = new ArrayList<>();
    final TreeMap<Long, byte[]> memory = new TreeMap<>();
    final List<Integer> copies = new ArrayList<>();
    final TestStream main = new TestStream(this, false);
    final TestRecorder recorder = new TestRecorder(main);
    final List<TestSideStream> sides = new ArrayList<>();
    int pinnedBlocks;
    boolean records = true;
    int waits;
    boolean stuck;
    int gpusOnHost = 2;
    int architecture = 80;
    boolean abandoned;
    private final int index;
    private long frees;
    private long next = FIRST_ADDRESS;

    private record Named(String name) implements Function {}

    FakeDevice() {
        this(0);
    }

    /** The GPU of this number. */
    FakeDevice(int index) {
        this.index = index;
    }

    @Override
    public int gpusOnHost() {
        return gpusOnHost;
    }

    @Override
    public String uuid() {
        return "GPU-" + index;
    }

    @Override
    public String describe() {
        return "a fake GPU";
    }

    @Override
    public String place() {
        return "GPU 0 of none";
    }

    @Override
    public long totalBytes() {
        return 80L << 30;
    }

    @Override
    public int architecture() {
        return architecture;
    }

    @Override
    public int multiprocessors() {
        return 4;
    }

    @Override
    public synchronized long allocate(String purpose, long bytes) {
        recorder.refuse("allocating");
        long address = next;
        next += (bytes + 511) & -256;
        memory.put(address, new byte[Math.toIntExact(bytes)]);
        return address;
    }

    @Override
    public synchronized void free(long address) {
        recorder.refuse("freeing");
        main.finish();
        frees++;
        if (memory.remove(address) == null) {
            throw new AssertionError("freed twice or never allocated: " + address);
        }
    }

    @Override
    public synchronized Pointer allocateHost(long bytes) {
        pinnedBlocks++;
        return new BytePointer(bytes);
    }

    @Override
    public synchronized void freeHost(Pointer pointer) {
        main.finish();
        pinnedBlocks--;
        pointer.close();
    }

    private Map.Entry<Long, byte[]> block(long address, long bytes) {
        Map.Entry<Long, byte[]> block = memory.floorEntry(address);
        if (block == null || address + bytes > block.getKey() + block.getValue().length) {
            throw new AssertionError("[" + address + ", +" + bytes + ") is not device memory");
        }
        return block;
    }

    @Override
    public void fill(long address, int value, long bytes) {
        recorder.take(() -> fillNow(address, value, bytes));
    }

    private void fillNow(long address, int value, long bytes) {
        Map.Entry<Long, byte[]> block = block(address, bytes);
        int from = (int) (address - block.getKey());
        Arrays.fill(block.getValue(), from, from + (int) bytes, (byte) value);
    }

    @Override
    public void toDevice(long to, Pointer from, long bytes) {
        recorder.refuse("a copy");
        copies.add((int) bytes);
        main.queue(() -> {
            byte[] copy = new byte[(int) bytes];
            new BytePointer(from).get(copy);
            poke(to, copy);
        });
    }

    @Override
    public void toHost(Pointer to, long from, long bytes) {
        recorder.refuse("a copy");
        copies.add((int) bytes);
        main.queue(() -> new BytePointer(to).put(peek(from, (int) bytes)));
    }

    @Override
    public SideStream openSideStream() {
        TestSideStream side = new TestSideStream(this, this, main, recorder);
        sides.add(side);
        return side;
    }

    @Override
    public void settle() {
        main.finish();
    }

    @Override
    public byte[] peek(long address, int bytes) {
        Map.Entry<Long, byte[]> block = block(address, bytes);
        int from = (int) (address - block.getKey());
        return Arrays.copyOfRange(block.getValue(), from, from + bytes);
    }

    @Override
    public void poke(long address, byte[] bytes) {
        Map.Entry<Long, byte[]> block = block(address, bytes.length);
        System.arraycopy(bytes, 0, block.getValue(), (int) (address - block.getKey()), bytes.length);
    }

    @Override
    public Image load(byte[] image) {
        loaded.add(image.clone());
        return (name, sharedBytes) -> new Named(name);
    }

    @Override
    public void launch(Function function, Grid grid, int sharedBytes, Pointer arguments, long argumentBytes) {
        byte[] bytes = new byte[(int) argumentBytes];
        new BytePointer(arguments).get(bytes);
        Launch launch = new Launch(
                ((Named) function).name,
                grid,
                sharedBytes,
                ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        recorder.take(() -> launches.add(launch));
    }

    @Override
    public void beginRecording() {
        if (!records) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "no recordings here");
        }
        recorder.begin();
    }

    @Override
    public Recording endRecording() {
        return recorder.end();
    }

    @Override
    public long frees() {
        return frees;
    }

    @Override
    public void await() {
        recorder.refuse("a wait");
        waits++;
        main.finish();
    }

    @Override
    public boolean done() {
        return !stuck;
    }

    @Override
    public void abandon() {
        abandoned = true;
    }

    @Override
    public void close() {}
}
