package io.polyglow.cluster.transport.aeron;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.process.ProcessIdentity;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.agrona.IoUtil;

/**
 * Names, reaps and measures media driver directories. The name tells the owner ({@code polyglow-<pid namespace>-<pid>-r<rank>-e<epoch>-<n>}), so what a
 * killed process left behind can be told from what a living one uses; a process id means something only within its namespace.
 */
final class DriverDirectory {
    private static final Pattern NAME = Pattern.compile("polyglow-(\\d+)-(\\d+)-r\\d+-e\\d+-\\d+");
    private static final AtomicInteger COUNTER = new AtomicInteger();

    private DriverDirectory() {}

    static Path unique(Path parent, int rank, int epoch) {
        return parent.resolve("polyglow-" + ProcessIdentity.pidNamespace() + "-"
                + ProcessHandle.current().pid() + "-r" + rank + "-e" + epoch + "-" + COUNTER.incrementAndGet());
    }

    /** Deletes the directories of processes that no longer exist. */
    static void reapStale(Path parent) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(parent, "polyglow-*")) {
            for (Path entry : entries) {
                if (isStale(entry)) {
                    IoUtil.delete(entry.toFile(), true);
                }
            }
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "cannot list " + parent
                            + ", where Aeron keeps its buffers; make it a directory that this user can write",
                    e);
        }
    }

    static boolean isStale(Path entry) {
        Matcher name = NAME.matcher(entry.getFileName().toString());
        return name.matches()
                && name.group(1).equals(ProcessIdentity.pidNamespace())
                && ProcessHandle.of(Long.parseLong(name.group(2))).isEmpty();
    }

    /**
     * Identifies the memory in which a driver's directory lies, below {@code parent}: processes for which it is the same see the same files there and may write them. The kernel's
     * boot, file system, parent directory and user, in hex; empty where these cannot be told.
     */
    static String memory(Path parent, Path driver) {
        try {
            return ProcessIdentity.bootId() + "-" + number(parent, "dev") + "-" + number(parent, "ino") + "-"
                    + number(driver, "uid");
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return "";
        }
    }

    private static String number(Path file, String attribute) throws IOException {
        return Long.toHexString(((Number) Files.getAttribute(file, "unix:" + attribute)).longValue());
    }

    /** Free bytes, at most {@code limit}. */
    static long usable(Path parent, long limit) {
        try {
            return Math.min(limit, Files.getFileStore(parent).getUsableSpace());
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "cannot measure the free space of " + parent, e);
        }
    }

    static PolyglowException tooSmall(Path parent, long usable, long needed, String whatFor) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                parent + " has " + (usable >> 20) + " MiB free, but " + whatFor + " needs "
                        + ((needed + (1 << 20) - 1) >> 20)
                        + " MiB; enlarge it (docker run --shm-size=1g, or mount -o remount,size=1g " + parent
                        + ") or run fewer ranks per host");
    }
}
