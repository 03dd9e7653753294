package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Finds the programs that can compete on this machine. */
final class Contenders {
    /** The name of ours. */
    static final String OURS = "polyglow";

    /** PyTorch, one operation after another. */
    static final String TORCH = "torch";

    /** PyTorch with the model compiled by {@code torch.compile}. */
    static final String TORCH_COMPILE = "torch-compile";

    /** PyTorch's C++ library, called from Java; in {@code benchmarks/libtorch}. */
    static final String LIBTORCH = "libtorch";

    /** ND4J's SameDiff; in {@code benchmarks/nd4j}. */
    static final String ND4J = "nd4j";

    /** All peers. */
    static final List<String> PEERS = List.of(LIBTORCH, ND4J, TORCH, TORCH_COMPILE);

    /** Java's heap in ours and in the peers on the JVM: what {@code train} gives the process of a rank. */
    private static final String HEAP = "-Xmx1g";

    private Contenders() {}

    /** This program again, with the same JVM, options and class path, in the heap of a rank. */
    static Contender ours() {
        List<String> command = new ArrayList<>();
        command.add(java());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of(HEAP, "-cp", System.getProperty("java.class.path"), Main.class.getName()));
        return new Contender(OURS, List.copyOf(command), Map.of());
    }

    /** A peer by its name; refuses one that is unknown, and one that this machine lacks. */
    static Contender peer(String name, BenchOptions options, WorkFolder folder) {
        if (!PEERS.contains(name)) {
            throw new PolyglowException(
                    ErrorKind.USAGE, "--peers " + name + " is not known; choose from " + String.join(", ", PEERS));
        }
        if (name.equals(LIBTORCH) || name.equals(ND4J)) {
            return onTheJvm(name, options.plan().threads());
        }
        String python = options.python();
        requireTorch(python);
        List<String> command = new ArrayList<>(List.of(python, script().toString()));
        if (name.equals(TORCH_COMPILE)) {
            command.add("--compile");
        }
        // compiled code is kept, so that only the first round waits for the compiler
        String cache = folder.file("torch-cache").toAbsolutePath().toString();
        return new Contender(name, List.copyOf(command), Map.of("TORCHINDUCTOR_CACHE_DIR", cache));
    }

    /** JMH with the kernels of our engines. */
    static Contender kernels() {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(program("kernels"));
        return new Contender("kernels", List.copyOf(command), Map.of());
    }

    /** Our encoder and other tokenizers in one JVM. */
    static Contender tokenizers() {
        List<String> command = new ArrayList<>(List.of(java(), "-Xmx2g"));
        command.addAll(program("tokenizers"));
        return new Contender("tokenizers", List.copyOf(command), Map.of());
    }

    /** Their tensors are the libraries' business, not to be bounded by the heap. */
    private static Contender onTheJvm(String name, int threads) {
        List<String> command = new ArrayList<>(List.of(
                java(), HEAP, "-Dorg.bytedeco.javacpp.maxBytes=0", "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0"));
        command.addAll(program(name));
        return new Contender(name, List.copyOf(command), Map.of("OMP_NUM_THREADS", Integer.toString(threads)));
    }

    private static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Class path and main class of a module of its own, because its libraries are large or would be in the way of ours. */
    private static List<String> program(String name) {
        Path module = root().resolve("benchmarks").resolve(name);
        Path built = module.resolve("target");
        if (!Files.isDirectory(built.resolve("lib"))) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "benchmarks/" + name + " is not built; in " + root().toAbsolutePath()
                            + ": mvn -q -Dfast -DskipTests -pl benchmarks/" + name + " -am package");
        }
        String classPath = built.resolve("classes") + File.pathSeparator + built.resolve("lib") + "/*";
        return List.of("-cp", classPath, "io.polyglow.benchmarks." + name + ".Main");
    }

    private static Path root() {
        return Path.of(System.getProperty("polyglow.root", ""));
    }

    private static Path script() {
        Path script = root().resolve("benchmarks").resolve("peers").resolve("train_step.py");
        if (!Files.exists(script)) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    script.toAbsolutePath() + " is missing; run this in the repository, or set -Dpolyglow.root to it");
        }
        return script;
    }

    private static void requireTorch(String python) {
        String help =
                "; peers need a Python 3 with PyTorch (pip install torch): put it on the PATH, or name it with --python";
        try {
            Process process = new ProcessBuilder(python, "-c", "import torch")
                    .redirectErrorStream(true)
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                String last = output.lines().reduce("", (before, line) -> line);
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT, python + " cannot import torch (" + last + ")" + help);
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT, "cannot run " + python + ": " + e.getMessage() + help, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "interrupted while looking for torch", e);
        }
    }
}
