package io.polyglow.engine.cuda;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compiled kernels on disk, so that only the first start on a machine compiles. A file's name is the SHA-256 of source, options, architecture and
 * compiler; it holds the SHA-256 of the code, then the code, and appears whole or not at all. Processes may share a folder. A folder that cannot be
 * written costs compile time, nothing else.
 */
final class KernelCache {
    private static final Logger LOG = LoggerFactory.getLogger(KernelCache.class);
    private static final int DIGEST_BYTES = 32;

    private final NanoClock clock = SystemNanoClock.INSTANCE;
    private final Path folder;
    private final KernelCompiler compiler;
    private final Tally compiled = new Tally();
    private final Tally read = new Tally();

    KernelCache(Path folder, KernelCompiler compiler) {
        this.folder = folder;
        this.compiler = compiler;
    }

    /** {@code -Dpolyglow.cuda.cache}, else the user's cache folder. */
    static Path defaultFolder() {
        String set = System.getProperty("polyglow.cuda.cache");
        if (set != null) {
            return Path.of(set);
        }
        String cache = System.getenv("XDG_CACHE_HOME");
        Path base =
                cache == null || cache.isEmpty() ? Path.of(System.getProperty("user.home"), ".cache") : Path.of(cache);
        return base.resolve("polyglow").resolve("cuda");
    }

    /** The code of a source, from the folder or compiled now. */
    byte[] get(String name, String source, List<String> options, int architecture) {
        String key = String.join("\0", source, options.toString(), "sm_" + architecture, compiler.version());
        Path file = folder.resolve(
                name + "-" + HexFormat.of().formatHex(sha256(key.getBytes(StandardCharsets.UTF_8))) + ".bin");
        long beginNs = clock.nanoTime();
        byte[] cached = read(file);
        if (cached.length > 0) {
            read.add(clock.nanoTime() - beginNs);
            return cached;
        }
        byte[] code = compiler.compile(name, source, options, architecture);
        write(file, code);
        compiled.add(clock.nanoTime() - beginNs);
        return code;
    }

    /** Logs how many units were compiled and read since the last report, and the seconds that took, reading and writing files included. */
    void report() {
        compiled.report("compiled");
        read.report("read");
    }

    private static final class Tally {
        private int units;
        private long ns;

        void add(long moreNs) {
            units++;
            ns += moreNs;
        }

        void report(String what) {
            if (units > 0) {
                String unit = units == 1 ? "unit" : "units";
                LOG.info(
                        "{}", String.format(Locale.ROOT, "%s %d %s of kernels in %.3f s", what, units, unit, ns / 1e9));
            }
            units = 0;
            ns = 0;
        }
    }

    /** Empty when absent or damaged. */
    private static byte[] read(Path file) {
        try {
            byte[] bytes = Files.isRegularFile(file) ? Files.readAllBytes(file) : new byte[0];
            if (bytes.length <= DIGEST_BYTES) {
                return new byte[0];
            }
            byte[] code = Arrays.copyOfRange(bytes, DIGEST_BYTES, bytes.length);
            byte[] digest = Arrays.copyOf(bytes, DIGEST_BYTES);
            return MessageDigest.isEqual(digest, sha256(code)) ? code : new byte[0];
        } catch (IOException e) {
            LOG.warn("cannot read {}: {}; compiling its kernels again", file, e.toString());
            return new byte[0];
        }
    }

    private void write(Path file, byte[] code) {
        try {
            Files.createDirectories(folder);
            Path unfinished = Files.createTempFile(folder, "unfinished-", ".tmp");
            try {
                byte[] bytes = Arrays.copyOf(sha256(code), DIGEST_BYTES + code.length);
                System.arraycopy(code, 0, bytes, DIGEST_BYTES, code.length);
                Files.write(unfinished, bytes);
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } finally {
                Files.deleteIfExists(unfinished);
            }
        } catch (IOException e) {
            LOG.warn("cannot keep compiled kernels in {}: {}; every start compiles them", folder, e.toString());
        }
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }
}
