package io.polyglow.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx2;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx512_core;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx512_core_amx;
import static org.bytedeco.dnnl.global.dnnl.dnnl_cpu_isa_avx512_core_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_engine_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_get_effective_cpu_isa;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_in_order;
import static org.bytedeco.dnnl.global.dnnl.dnnl_success;
import static org.bytedeco.dnnl.global.dnnl.dnnl_unimplemented;
import static org.bytedeco.dnnl.global.dnnl.dnnl_version;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bytedeco.dnnl.dnnl_engine;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * The oneDNN library (C API, through JavaCPP), loaded once per process. Its primitives must be single-threaded, because the engine
 * runs them side by side on threads of its own.
 */
final class OneDnn {
    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private static final String ONE_THREAD = "OMP_NUM_THREADS=1";

    private OneDnn() {}

    /** Loads the library on first use; throws {@link LinkageError} where that is impossible. */
    static dnnl_engine engine() {
        return Holder.ENGINE;
    }

    /** A queue for one thread's primitives. */
    static dnnl_stream newStream() {
        dnnl_stream stream = new dnnl_stream();
        check(dnnl_stream_create(stream, engine(), dnnl_stream_in_order), "stream");
        return stream;
    }

    /** Library version and the instruction set it uses, which {@code ONEDNN_MAX_CPU_ISA} can lower. */
    static String describe() {
        engine();
        return "oneDNN " + dnnl_version().major() + "." + dnnl_version().minor() + " (" + instructionSet() + ")";
    }

    /** What decides which compute type is the faster one. */
    static TypeChoice.Features features() {
        return new TypeChoice.Features(
                hasAmx(), has(dnnl_cpu_isa_avx512_core_bf16), has(dnnl_cpu_isa_avx2), isMadeByAmd());
    }

    private static boolean hasAmx() {
        return has(dnnl_cpu_isa_avx512_core_amx);
    }

    private static boolean isMadeByAmd() {
        try (Stream<String> lines = Files.lines(CPU_INFO)) {
            return lines.anyMatch(line -> line.startsWith("vendor_id") && line.endsWith("AuthenticAMD"));
        } catch (IOException | UncheckedIOException e) {
            return false;
        }
    }

    private static String instructionSet() {
        if (hasAmx()) {
            return "AVX-512 with AMX";
        }
        if (has(dnnl_cpu_isa_avx512_core_bf16)) {
            return "AVX-512 with bf16";
        }
        return has(dnnl_cpu_isa_avx512_core) ? "AVX-512" : has(dnnl_cpu_isa_avx2) ? "AVX2" : "before AVX2";
    }

    private static boolean has(int instructionSet) {
        engine();
        return (dnnl_get_effective_cpu_isa() & instructionSet) == instructionSet;
    }

    /** Turns a status into an exception. */
    static void check(int status, Object what) {
        if (status == dnnl_unimplemented) {
            throw new UnsupportedOperationException("oneDNN has no implementation on this CPU for " + what);
        }
        if (status != dnnl_success) {
            throw new PolyglowException(ErrorKind.BUG, "oneDNN returned status " + status + " for " + what);
        }
    }

    private static final class Holder {
        static final dnnl_engine ENGINE = load();

        private static dnnl_engine load() {
            Loader.load(Pointer.class);
            forbidOpenMpThreads();
            Loader.load(org.bytedeco.dnnl.global.dnnl.class);
            dnnl_engine engine = new dnnl_engine();
            check(dnnl_engine_create(engine, dnnl_cpu, 0), "engine");
            return engine;
        }
    }

    /**
     * The OpenMP runtime that comes with oneDNN reads its number of threads from the environment while it is being loaded, and Java
     * cannot change the environment: so a copy with one more entry takes its place. The old block stays, for whoever still reads it.
     */
    private static void forbidOpenMpThreads() {
        Pointer environ = Loader.addressof("environ");
        if (environ == null) {
            return;
        }
        PointerPointer<BytePointer> variable = new PointerPointer<>(environ);
        PointerPointer<BytePointer> entries = new PointerPointer<>(variable.get(0));
        int count = 0;
        while (entries.get(count) != null) {
            count++;
        }
        // allocated without deallocators: the process keeps them for good
        PointerPointer<BytePointer> copy = new PointerPointer<>(Pointer.calloc(count + 2L, Long.BYTES));
        copy.put(0, permanent(ONE_THREAD));
        for (int i = 0, next = 1; i < count; i++) {
            BytePointer entry = entries.get(BytePointer.class, i);
            if (!entry.getString().startsWith("OMP_NUM_THREADS=")) {
                copy.put(next++, entry);
            }
        }
        variable.put(0, copy);
    }

    private static Pointer permanent(String text) {
        BytePointer bytes = new BytePointer(Pointer.malloc(text.length() + 1L));
        bytes.putString(text);
        return bytes;
    }
}
