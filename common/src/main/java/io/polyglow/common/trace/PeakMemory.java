package io.polyglow.common.trace;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The most memory that a process has held. */
public final class PeakMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String HIGH_WATER_MARK = "VmHWM:";

    private PeakMemory() {}

    /** Resident bytes of this process, or 0 where the system does not tell. */
    public static long rssBytes() {
        return rssBytes(STATUS);
    }

    /** The same of another process, 0 when it has ended. */
    public static long rssBytes(long pid) {
        return rssBytes(Path.of("/proc", Long.toString(pid), "status"));
    }

    private static long rssBytes(Path status) {
        try {
            for (String line : Files.readAllLines(status)) {
                if (line.startsWith(HIGH_WATER_MARK)) {
                    String[] words =
                            line.substring(HIGH_WATER_MARK.length()).strip().split(" ");
                    return Long.parseLong(words[0]) << 10;
                }
            }
        } catch (IOException e) {
            return 0;
        }
        return 0;
    }
}
