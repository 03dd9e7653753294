package io.polyglow.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import io.polyglow.common.trace.PeakMemory;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Pattern;

/** What a process holds, looked at from outside, so that one that ends because memory ran out can be told from one that fails. */
final class MemoryWatch {
    private static final int KILLED = 128 + 9;
    private static final Pattern REFUSED = Pattern.compile(
            "OutOfMemoryError|bad_alloc|Cannot allocate memory|(?i:failed to allocate|allocation failed)");
    private static final String FIRST_VICTIM = "1000";

    private final Process process;
    private long peakBytes;

    /** Watches a process; where memory runs out, the system is to end it and not another. */
    MemoryWatch(Process process) {
        this.process = process;
        try {
            Files.writeString(Path.of("/proc", Long.toString(process.pid()), "oom_score_adj"), FIRST_VICTIM);
        } catch (IOException e) {
            // it has ended already, or this is no Linux
        }
    }

    Process process() {
        return process;
    }

    /** To be called now and then while the process runs. */
    void look() {
        peakBytes = Math.max(peakBytes, PeakMemory.rssBytes(process.pid()));
    }

    /** Whether a process that ended with this code and these last words had too little memory. */
    boolean ranOut(int exit, String output) {
        return exit == KILLED || REFUSED.matcher(output).find();
    }

    /** How much the process held, of how much there is. */
    String held() {
        OperatingSystemMXBean system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        return String.format(
                Locale.ROOT, "%,d MiB of this machine's %,d", peakBytes >> 20, system.getTotalMemorySize() >> 20);
    }
}
