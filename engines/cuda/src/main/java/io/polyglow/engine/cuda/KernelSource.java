package io.polyglow.engine.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The CUDA C that ships with the engine, and how it becomes compilation units. */
final class KernelSource {
    /** Compiler options of every unit. */
    static final List<String> OPTIONS = List.of("--std=c++17");

    private static final List<String> GENERAL = List.of(
            "elements.cu",
            "activations.cu",
            "rope.cu",
            "embeddings.cu",
            "norms.cu",
            "column_sums.cu",
            "cross_entropy.cu",
            "optimizer.cu",
            "matmul.cu");

    private KernelSource() {}

    /** Everything but attention, as one unit: the prelude, then the files. */
    static String general() {
        StringBuilder unit = new StringBuilder(file("prelude.cuh"));
        for (String name : GENERAL) {
            unit.append("#line 1 \"").append(name).append("\"\n").append(file(name));
        }
        return unit.toString();
    }

    /** Attention of any head size. */
    static String attention() {
        return file("attention.cu");
    }

    /** Attention of one head size on tensor cores. */
    static String flash() {
        return file("attention_tiles.cuh") + file("attention_flash.cu");
    }

    /** The same kernels for sm_90a alone. */
    static String wgmma() {
        return file("attention_tiles.cuh") + file("attention_wgmma.cu");
    }

    private static String file(String name) {
        try (InputStream in = KernelSource.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the resource " + name + " is missing from the jar of the CUDA engine");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
