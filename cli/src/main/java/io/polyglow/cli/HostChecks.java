package io.polyglow.cli;

import io.polyglow.cli.DoctorCommand.Finding;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.Engines;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.agrona.concurrent.UnsafeBuffer;

/** What a host must have for a rank to run on it. */
final class HostChecks {
    private static final Path SHM = Path.of("/dev/shm");
    private static final long SHM_PER_RANK = 128L << 20;
    private static final Set<String> FEATURES = Set.of(
            "avx",
            "avx2",
            "fma",
            "avx512f",
            "avx512bw",
            "avx512_bf16",
            "avx512_vnni",
            "amx_bf16",
            "amx_tile",
            "amx_int8");

    private HostChecks() {}

    static List<Finding> all() {
        List<Finding> findings = new ArrayList<>();
        findings.add(java());
        findings.add(aeronFlag());
        findings.add(vectorModule());
        findings.add(sharedMemory());
        findings.add(udp());
        findings.add(cpu());
        List<EngineProvider> engines = Engines.all();
        engines.forEach(each -> findings.add(engine(each)));
        findings.add(fastEngine(engines));
        return findings;
    }

    /** Training without any is possible, for days. */
    static Finding fastEngine(List<EngineProvider> engines) {
        List<EngineProvider> fast =
                engines.stream().filter(each -> each.priority() > 0).toList();
        return fast.stream()
                .filter(each -> each.unavailable().isEmpty())
                .findFirst()
                .map(each -> Finding.good("engine: auto", each.name()))
                .orElseGet(() -> Finding.bad(
                        "engine: auto",
                        "reference, plain Java for tests, a hundred times slower than the others",
                        fast.stream()
                                .map(each ->
                                        each.name() + ": " + each.unavailable().orElse(""))
                                .collect(Collectors.joining("\n"))));
    }

    private static Finding java() {
        return Finding.good(
                "java",
                System.getProperty("java.vm.name") + " " + Runtime.version() + ", "
                        + Runtime.getRuntime().availableProcessors() + " processors, heap up to "
                        + mebibytes(Runtime.getRuntime().maxMemory()));
    }

    private static Finding aeronFlag() {
        try {
            new UnsafeBuffer(new byte[8]).putLong(0, 1);
            return Finding.good("flag for Aeron", "jdk.internal.misc is open");
        } catch (IllegalAccessError e) {
            return Finding.bad(
                    "flag for Aeron",
                    "jdk.internal.misc is closed",
                    "Start Java with --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED, as ./polyglow does.");
        }
    }

    private static Finding vectorModule() {
        return ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()
                ? Finding.good("flag for the Vector API", "jdk.incubator.vector is there")
                : Finding.bad(
                        "flag for the Vector API",
                        "jdk.incubator.vector is missing",
                        "Start Java with --add-modules=jdk.incubator.vector, as ./polyglow does.");
    }

    private static Finding sharedMemory() {
        try {
            long free = Files.getFileStore(SHM).getUsableSpace();
            String found = mebibytes(free) + " free; a rank needs about " + mebibytes(SHM_PER_RANK);
            return free >= SHM_PER_RANK
                    ? Finding.good("/dev/shm", found)
                    : Finding.bad(
                            "/dev/shm",
                            found,
                            "Enlarge it: mount -o remount,size=1g /dev/shm (containers: --shm-size=1g).");
        } catch (IOException e) {
            return Finding.bad(
                    "/dev/shm", "cannot be read: " + e.getMessage(), "Aeron keeps its buffers there; mount a tmpfs.");
        }
    }

    private static Finding udp() {
        try (DatagramChannel channel = DatagramChannel.open()) {
            channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            return Finding.good("UDP", "a port can be bound on " + channel.getLocalAddress());
        } catch (IOException e) {
            return Finding.bad(
                    "UDP", "no port can be bound: " + e.getMessage(), "Ranks talk over UDP; allow it on this host.");
        }
    }

    private static Finding cpu() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8);
            return Finding.good("CPU", value(lines, "model name") + "; " + features(value(lines, "flags")));
        } catch (IOException e) {
            return Finding.good("CPU", System.getProperty("os.arch") + "; features unknown");
        }
    }

    private static String value(List<String> lines, String key) {
        return lines.stream()
                .filter(line -> line.startsWith(key))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse("unknown");
    }

    private static String features(String flags) {
        Set<String> found = new TreeSet<>(Arrays.asList(flags.split(" ", -1)));
        found.retainAll(FEATURES);
        return String.join(" ", found);
    }

    private static Finding engine(EngineProvider provider) {
        String what = "engine " + provider.name();
        return provider.unavailable()
                .map(reason -> new Finding(what, true, "not on this machine", reason))
                .orElseGet(() -> usable(what, provider));
    }

    /** What it computes on, and how it meets others: the first line belongs to the finding, what follows is advice. */
    private static Finding usable(String what, EngineProvider provider) {
        try (Engine engine = provider.open(Runtime.getRuntime().availableProcessors())) {
            String[] meets = engine.connectivity().split("\n", 2);
            String found = describe(engine) + (meets[0].isEmpty() ? "" : "; " + meets[0]);
            return new Finding(what, true, found, meets.length == 1 ? "" : meets[1]);
        } catch (RuntimeException | LinkageError e) { // of all findings, this one
            return Finding.bad(what, "cannot be opened", String.valueOf(e.getMessage()));
        }
    }

    private static String describe(Engine engine) {
        String reason = engine.preferenceReason();
        return engine.describe() + (engine.place().isEmpty() ? "" : "; " + engine.place()) + "; dtype auto is "
                + engine.preferredComputeType() + (reason.isEmpty() ? "" : " (" + reason + ")");
    }

    private static String mebibytes(long bytes) {
        return String.format(Locale.ROOT, "%,d MiB", bytes >> 20);
    }
}
