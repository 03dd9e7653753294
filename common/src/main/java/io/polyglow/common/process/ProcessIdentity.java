package io.polyglow.common.process;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Tells a process from all others, of other containers and of other hosts too: containers may share the name of a host and not its process ids, and a
 * process id is given out again.
 *
 * @param space where the id counts: the boot of the kernel and the namespace of process ids; empty where these cannot be read
 * @param pid the id
 * @param start when the process started, in the kernel's ticks since it booted, which no setting of a clock moves; empty where it cannot be read
 */
public record ProcessIdentity(String space, long pid, String start) {
    private static final int MAX_BYTES = 4096;
    /** Of the fields of {@code /proc/PID/stat} (man 5 proc) that follow the name of the command, which may hold anything. */
    private static final int START_TIME = 19;

    /** This process. */
    public static ProcessIdentity current() {
        long pid = ProcessHandle.current().pid();
        return new ProcessIdentity(thisSpace(), pid, start(pid));
    }

    /** Whether the process has surely ended; of what cannot be seen from here that is never known. */
    public boolean isKnownDead() {
        if (space.isEmpty() || start.isEmpty() || !space.equals(thisSpace())) {
            return false;
        }
        String now = start(pid);
        return !now.isEmpty() && !now.equals(start);
    }

    /** The number in {@code pid:[4026531836]}, or 0 where there is no such thing. A process id means something only within its namespace. */
    public static String pidNamespace() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/ns/pid"))
                    .toString()
                    .replaceAll("\\D", "");
        } catch (IOException | UnsupportedOperationException e) {
            return "0";
        }
    }

    /** A number that no other boot of any machine has, in hex. */
    public static String bootId() throws IOException {
        return read(Path.of("/proc/sys/kernel/random/boot_id")).strip().replace("-", "");
    }

    private static String thisSpace() {
        String namespace = pidNamespace();
        try {
            return namespace.equals("0") ? "" : bootId() + "-" + namespace;
        } catch (IOException e) {
            return "";
        }
    }

    /** When the process of this namespace started; "gone" if there is none, empty if that cannot be told. */
    private static String start(long pid) {
        try {
            String stat = read(Path.of("/proc", Long.toString(pid), "stat"));
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ")[START_TIME];
        } catch (NoSuchFileException e) {
            return "gone";
        } catch (IOException | IndexOutOfBoundsException e) {
            return "";
        }
    }

    /** In one go: the kernel makes such files up when they are read. */
    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(MAX_BYTES), StandardCharsets.ISO_8859_1);
        }
    }
}
