package io.polyglow.cluster.worker;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/** Which code this process runs: a hash of the jars it came from. Versions alone do not tell two builds of a snapshot apart. */
final class BuildId {
    private static final List<Class<?>> ONE_OF_EACH_JAR = List.of(PolyglowException.class, Engine.class, BuildId.class);
    private static final int SHOWN_BYTES = 6;

    private BuildId() {}

    static String get() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (Class<?> type : ONE_OF_EACH_JAR) {
                CodeSource source = type.getProtectionDomain().getCodeSource();
                Path jar = Path.of(URI.create(source.getLocation().toString()));
                if (Files.isDirectory(jar)) {
                    return "classes of " + jar;
                }
                digest.update(Files.readAllBytes(jar));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, SHOWN_BYTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
