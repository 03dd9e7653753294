package io.polyglow.engine.nd4j;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.GpuChoice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Which GPUs nd4j-cuda-11.6 can serve. It holds machine code for compute capabilities 3.7 to 8.6, which also runs on 8.7 and 8.9, and no PTX from which a driver
 * could make code for a newer GPU. There the library fails at its first kernel, obscurely; so the driver is asked before the library is loaded.
 */
final class GpuSupport {
    private static final Capability OLDEST = new Capability(3, 7);
    private static final Capability NEWEST = new Capability(8, 9);
    private static final long PATIENCE_SECONDS = 20;
    private static final String VISIBLE = "CUDA_VISIBLE_DEVICES";

    private GpuSupport() {}

    /** A compute capability. */
    record Capability(int major, int minor) implements Comparable<Capability> {
        @Override
        public int compareTo(Capability other) {
            return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /** A GPU of this machine. */
    record Gpu(String name, Capability capability) {
        boolean isServed() {
            return capability.compareTo(OLDEST) >= 0 && capability.compareTo(NEWEST) <= 0;
        }
    }

    /** Why the GPUs of this machine cannot be used; empty when they can. */
    static Optional<String> problem() {
        try {
            return problem(gpus(ask("name,compute_cap")));
        } catch (IOException e) {
            return Optional.of(
                    "its GPUs cannot be found (" + e.getMessage() + "); this build has ND4J for NVIDIA GPUs: install"
                            + " the driver, or build with the Maven profile nd4j, which computes on the CPU");
        }
    }

    /** As above, of these GPUs. */
    static Optional<String> problem(List<Gpu> gpus) {
        if (gpus.isEmpty()) {
            return Optional.of("it has no NVIDIA GPU, or " + VISIBLE + " hides it; on the CPU use engine: cpu");
        }
        return gpus.stream().filter(gpu -> !gpu.isServed()).findFirst().map(GpuSupport::refusal);
    }

    private static String refusal(Gpu gpu) {
        return "its GPU " + gpu.name + " has compute capability " + gpu.capability + ", but ND4J " + Nd4jLibrary.VERSION
                + " (nd4j-cuda-11.6) has code for " + OLDEST + " to " + NEWEST + " only, and no PTX to make more from;"
                + " use another engine, or hide this GPU with " + VISIBLE;
    }

    /** Parses lines like {@code NVIDIA A100-SXM4-40GB, 8.0}. */
    static List<Gpu> gpus(String lines) throws IOException {
        List<Gpu> gpus = new ArrayList<>();
        for (String line : lines.lines().filter(each -> !each.isBlank()).toList()) {
            int comma = line.lastIndexOf(',');
            String[] digits = line.substring(comma + 1).strip().split("\\.");
            try {
                Capability capability = new Capability(Integer.parseInt(digits[0]), Integer.parseInt(digits[1]));
                gpus.add(new Gpu(line.substring(0, Math.max(0, comma)).strip(), capability));
            } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
                throw new IOException("nvidia-smi answered \"" + line + "\"", e);
            }
        }
        return gpus;
    }

    /** The GPUs that CUDA shows to this process, in its order; an ENVIRONMENT error where nvidia-smi cannot tell. */
    static List<GpuChoice.Gpu> visible() {
        try {
            return visible(ask("index,uuid"), System.getenv(VISIBLE));
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "the GPUs of this host cannot be told apart", e);
        }
    }

    /** As above, from lines like {@code 3, GPU-9b...} and the variable, which orders them; a begin of a UUID stands for it. */
    static List<GpuChoice.Gpu> visible(String lines, @Nullable String variable) {
        List<GpuChoice.Gpu> all = lines.lines()
                .filter(each -> !each.isBlank())
                .map(each -> each.split(",", -1))
                .map(each -> new GpuChoice.Gpu(each[0].strip(), each[each.length - 1].strip()))
                .toList();
        if (variable == null) {
            return all;
        }
        return Arrays.stream(variable.split(",", -1))
                .map(String::strip)
                .flatMap(wanted -> all.stream().filter(gpu -> gpu.isAt(wanted) || isUuid(gpu, wanted)))
                .toList();
    }

    private static boolean isUuid(GpuChoice.Gpu gpu, String begin) {
        return begin.startsWith("GPU-") && gpu.uuid().startsWith(begin);
    }

    private static String ask(String what) throws IOException {
        List<String> command = new ArrayList<>(List.of("nvidia-smi", "--query-gpu=" + what, "--format=csv,noheader"));
        String visible = System.getenv(VISIBLE);
        if (visible != null && visible.isEmpty()) {
            return ""; // hides all
        }
        if (visible != null) {
            command.add("--id=" + visible);
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            // a line for each GPU fits into the pipe
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IOException("nvidia-smi did not answer within " + PATIENCE_SECONDS + " s");
            }
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.exitValue() != 0) {
                throw new IOException("nvidia-smi failed: " + answer.strip());
            }
            return answer;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while nvidia-smi ran", e);
        } finally {
            process.destroyForcibly();
        }
    }
}
