package io.polyglow.engine.cuda;

import io.polyglow.trainer.precision.BFloat16;
import io.polyglow.trainer.tensor.DType;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A GPU on the CPU: the engine's own CUDA C, compiled by g++ with {@code emulator.h} around it, runs in a process that shares a file of device memory
 * with this one. Queued work is done when it is waited for and no sooner. It checks what the kernels compute, not how fast, nor what only NVIDIA's libraries do. Allocations end, to 16 bytes, where unmapped memory
 * begins, so a kernel that reads or writes past an end stops the test.
 */
final class EmulatedDevice implements Device, FakeNccl.Memory {
    private static final long BASE = 1L << 40;
    private static final int MEMORY_BYTES = 1 << 30;
    private static final int PAGE = 4096;
    private static final Pattern KERNEL = Pattern.compile("(extern \"C\" __global__[^{;]*?\\b)(\\w+)(?=\\(\\s*[\\w(])");

    private static final Pattern ASM = Pattern.compile("asm(?: volatile)?\\s*\\(\"([\\w.]*)");
    private static final Pattern OPERAND = Pattern.compile("\"[=+]?[rlfhn]\"\\(((?:[^()]|\\([^()]*\\))*)\\)");

    private record Named(String name) implements Function {}

    private final int architecture;
    private final Process process;
    private final DataOutputStream requests;
    private final InputStream answers;
    private final Path log;
    private final MappedByteBuffer memory;
    private final TreeMap<Integer, Integer> freePages = new TreeMap<>();
    private final Map<Long, int[]> allocated = new HashMap<>();
    private final TestStream main = new TestStream(this, true);
    private final TestRecorder recorder = new TestRecorder(main);
    private long frees;

    /** Starts the process of a program that {@link #build} has made, as a GPU of an architecture; the folder is for its memory and log. */
    EmulatedDevice(Path program, Path folder, int architecture) throws IOException {
        this.architecture = architecture;
        Path file = folder.resolve("memory");
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, MEMORY_BYTES);
            memory.order(ByteOrder.LITTLE_ENDIAN);
        }
        log = folder.resolve("emulator.log");
        process = new ProcessBuilder(
                        program.toString(), file.toString(), Long.toString(BASE), Long.toString(MEMORY_BYTES))
                .redirectError(log.toFile())
                .start();
        requests = new DataOutputStream(process.getOutputStream());
        answers = process.getInputStream();
        freePages.put(0, MEMORY_BYTES / PAGE);
    }

    /** Compiles the units, by name, in the folder. */
    static Path build(Path folder, Map<String, String> units) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("#include \"emulator.h\"\n");
        for (Map.Entry<String, String> unit : units.entrySet()) {
            String name = identifier(unit.getKey());
            Path source = Files.writeString(folder.resolve(name + ".cu"), withoutPtx(unit.getValue()));
            String expanded = run(folder, List.of("g++", "-E", "-P", "-x", "c++", source.toString()))
                    .replaceAll("__launch_bounds__\\s*\\((?:[^()]|\\([^()]*\\))*\\)", "");
            // units may have kernels of one name
            String renamed = KERNEL.matcher(expanded).replaceAll("$1" + name + "_$2");
            text.append("namespace ")
                    .append(name)
                    .append(" {\n")
                    .append(renamed)
                    .append('\n');
            Matcher kernels = KERNEL.matcher(renamed);
            while (kernels.find()) {
                text.append("EMULATED(").append(kernels.group(2)).append(")\n");
            }
            text.append("}\n");
        }
        Path source = Files.writeString(folder.resolve("emulator.cpp"), text);
        try (InputStream header = EmulatedDevice.class.getResourceAsStream("emulator.h")) {
            Files.write(folder.resolve("emulator.h"), header.readAllBytes());
        }
        Path program = folder.resolve("emulator");
        run(folder, List.of("g++", "-std=c++17", "-O2", "-w", "-o", program.toString(), source.toString()));
        return program;
    }

    /** PTX instructions become calls of functions of emulator.h, dynamic shared memory its array. */
    private static String withoutPtx(String source) {
        StringBuilder text = new StringBuilder();
        Matcher asm = ASM.matcher(source);
        int done = 0;
        while (asm.find()) {
            int end = source.indexOf(");", asm.end()) + 2;
            if (asm.group(1).isEmpty()) {
                // only for the compiler of a GPU
                text.append(source, done, asm.start()).append(';');
                done = end;
                continue;
            }
            List<String> operands = new ArrayList<>();
            Matcher operand = OPERAND.matcher(source.substring(asm.end(), end));
            while (operand.find()) {
                operands.add(operand.group(1));
            }
            text.append(source, done, asm.start())
                    .append("ptx_")
                    .append(asm.group(1).replace('.', '_'))
                    .append('(')
                    .append(String.join(", ", operands))
                    .append(");");
            done = end;
        }
        return text.append(source, done, source.length())
                .toString()
                .replaceAll(
                        "extern __shared__.* (\\w+)\\[];",
                        "static unsigned char (&$1)[emulator::SHARED_BYTES] = emulator::sharedMemory;");
    }

    private static String identifier(String unit) {
        return unit.replace('-', '_');
    }

    private static String run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path out = Files.createTempFile(folder, "out", ".txt");
        Path errors = Files.createTempFile(folder, "errors", ".txt");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(errors.toFile())
                .start();
        if (process.waitFor() != 0) {
            throw new AssertionError(command + ":\n" + Files.readString(errors));
        }
        return Files.readString(out);
    }

    private synchronized void ask(byte[] request) {
        try {
            requests.write(request);
            requests.flush();
            if (answers.readNBytes(Integer.BYTES).length < Integer.BYTES) {
                throw new AssertionError("the emulator ended with " + process.waitFor() + ": " + Files.readString(log));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private void access(int page, int pages, boolean allowed) {
        ask(ByteBuffer.allocate(24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0)
                .putLong(BASE + (long) page * PAGE)
                .putLong((long) pages * PAGE)
                .putInt(allowed ? 1 : 0)
                .array());
    }

    @Override
    public String describe() {
        return "an emulated GPU";
    }

    @Override
    public String place() {
        return "GPU 0 of none";
    }

    @Override
    public int gpusOnHost() {
        return 0;
    }

    @Override
    public String uuid() {
        return log.toString();
    }

    @Override
    public byte[] peek(long address, int bytes) {
        byte[] copy = new byte[bytes];
        memory.get((int) (address - BASE), copy);
        return copy;
    }

    @Override
    public void poke(long address, byte[] bytes) {
        memory.put((int) (address - BASE), bytes);
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
        return 1;
    }

    /** First fit; an unmapped page follows every allocation. */
    @Override
    public long allocate(String purpose, long bytes) {
        recorder.refuse("allocating");
        int pages = Math.toIntExact((bytes + PAGE - 1) / PAGE) + 2;
        for (int page : freePages.keySet()) {
            int room = freePages.getOrDefault(page, 0);
            if (room >= pages) {
                freePages.remove(page);
                release(page + pages, room - pages);
                access(page, pages - 1, true);
                long end = BASE + (long) (page + pages - 1) * PAGE;
                long address = (end - bytes) & -16;
                allocated.put(address, new int[] {page, pages});
                return address;
            }
        }
        throw new AssertionError("no room for " + bytes + " bytes");
    }

    @Override
    public void free(long address) {
        int[] range = allocated.remove(address);
        if (range == null) {
            throw new AssertionError("freed twice or never allocated: " + address);
        }
        recorder.refuse("freeing");
        main.finish();
        frees++;
        access(range[0], range[1], false);
        release(range[0], range[1]);
    }

    /** Joins the pages with free neighbours. */
    private void release(int page, int pages) {
        Map.Entry<Integer, Integer> before = freePages.lowerEntry(page);
        boolean joins = before != null && before.getKey() + before.getValue() == page;
        int first = joins ? before.getKey() : page;
        int count = pages + (joins ? before.getValue() : 0);
        Integer after = freePages.remove(page + pages);
        if (count + (after == null ? 0 : after) > 0) {
            freePages.put(first, count + (after == null ? 0 : after));
        }
    }

    @Override
    public Pointer allocateHost(long bytes) {
        return new BytePointer(bytes);
    }

    @Override
    public void freeHost(Pointer pointer) {
        main.finish();
        pointer.close();
    }

    @Override
    public void fill(long address, int value, long bytes) {
        recorder.take(() -> fillNow(address, value, bytes));
    }

    private void fillNow(long address, int value, long bytes) {
        byte[] filled = new byte[(int) bytes];
        Arrays.fill(filled, (byte) value);
        memory.put((int) (address - BASE), filled);
    }

    @Override
    public void toDevice(long to, Pointer from, long bytes) {
        recorder.refuse("a copy");
        main.queue(() -> {
            byte[] copy = new byte[(int) bytes];
            new BytePointer(from).get(copy);
            poke(to, copy);
        });
    }

    @Override
    public void toHost(Pointer to, long from, long bytes) {
        recorder.refuse("a copy");
        main.queue(() -> new BytePointer(to).put(peek(from, (int) bytes)));
    }

    @Override
    public SideStream openSideStream() {
        return new TestSideStream(this, this, main, recorder);
    }

    @Override
    public void settle() {
        main.finish();
    }

    /** Queues work that a library does on the device's memory. */
    void take(Runnable work) {
        recorder.take(work);
    }

    /** How many recordings have been queued. */
    int recordingsQueued() {
        return recorder.queued;
    }

    /** The value at a device address. */
    float load(long address, DType dtype) {
        int at = (int) (address - BASE);
        return dtype == DType.BF16 ? BFloat16.toFloat(memory.getShort(at)) : memory.getFloat(at);
    }

    /** Writes a value to a device address, rounded to nearest even. */
    void store(long address, DType dtype, float value) {
        int at = (int) (address - BASE);
        if (dtype == DType.BF16) {
            memory.putShort(at, BFloat16.fromFloat(value));
        } else {
            memory.putFloat(at, value);
        }
    }

    @Override
    public Image load(byte[] image) {
        String unit = identifier(new String(image, StandardCharsets.UTF_8));
        return (name, sharedBytes) -> new Named(unit + "_" + name);
    }

    @Override
    public void launch(Function function, Grid grid, int sharedBytes, Pointer arguments, long argumentBytes) {
        byte[] name = ((Named) function).name.getBytes(StandardCharsets.UTF_8);
        byte[] packed = new byte[(int) argumentBytes];
        new BytePointer(arguments).get(packed);
        byte[] request = ByteBuffer.allocate(4 * 9 + name.length + packed.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(1)
                .putInt(name.length)
                .put(name)
                .putInt(grid.x())
                .putInt(grid.y())
                .putInt(grid.z())
                .putInt(grid.threadsX())
                .putInt(grid.threadsY())
                .putInt(sharedBytes)
                .putInt(packed.length)
                .put(packed)
                .array();
        recorder.take(() -> ask(request));
    }

    @Override
    public void beginRecording() {
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
        main.finish();
    }

    @Override
    public boolean done() {
        main.finish();
        return true;
    }

    @Override
    public void abandon() {}

    /** Several engines may share the device; its process ends with this one, whose pipe it reads. */
    @Override
    public void close() {}
}
