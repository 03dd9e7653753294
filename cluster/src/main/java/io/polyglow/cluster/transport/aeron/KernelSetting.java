package io.polyglow.cluster.transport.aeron;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Settings of the kernel as files under {@code /proc/sys}. */
final class KernelSetting {
    private KernelSetting() {}

    /** The one line of a setting. */
    static String read(String name) throws IOException {
        // Not Files.readString: it reads an empty-looking file byte by byte, and the kernel answers only the first
        // read.
        try (BufferedReader setting = Files.newBufferedReader(Path.of("/proc/sys", name))) {
            String line = setting.readLine();
            return line == null ? "" : line;
        }
    }
}
