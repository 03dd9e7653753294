package io.polyglow.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The most memory in use on the first GPU while this is open, by {@code nvidia-smi}; it sees what every process on it takes. */
final class DeviceWatch implements AutoCloseable {
    private static final List<String> COMMAND =
            List.of("nvidia-smi", "--id=0", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-lms", "100");

    private final AtomicLong most = new AtomicLong();
    private final @Nullable Process process;

    /** Starts to watch; without {@code nvidia-smi} there is nothing to see. */
    DeviceWatch() {
        process = start();
        if (process != null) {
            Thread reader = new Thread(() -> read(process), "device-watch");
            reader.setDaemon(true);
            reader.start();
        }
    }

    private static @Nullable Process start() {
        try {
            return new ProcessBuilder(COMMAND)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return null;
        }
    }

    private void read(Process source) {
        try (BufferedReader lines = source.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank() && line.strip().chars().allMatch(Character::isDigit)) {
                    most.accumulateAndGet(Long.parseLong(line.strip()) << 20, Math::max);
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // the process was ended while its last line was read
        }
    }

    /** Bytes, 0 when unknown. */
    long peakBytes() {
        return most.get();
    }

    @Override
    public void close() {
        if (process != null) {
            process.destroy();
        }
    }
}
