package io.polyglow.systemtest;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Two class paths out of the one of the tests: what Polyglow brings, and what a cluster has (Spark and Hadoop). So a jar that Polyglow
 * forgets to bring is missing here as it would be there.
 */
final class ClassPaths {
    /** Jars of Polyglow that Spark 3.5 has too. */
    private static final Pattern IN_BOTH =
            Pattern.compile("(slf4j-api|jackson-(core|databind|annotations)|zstd-jni)-.*");

    /** What a NameNode or a ResourceManager needs; no client and no executor of a cluster has it. */
    private static final Pattern OF_SERVERS =
            Pattern.compile("(hadoop-(client-minicluster|minikdc)|kerb|token-provider|bc[a-z]+-jdk|jaxb-).*");

    private ClassPaths() {}

    /** Polyglow's own jars and directories: the runtime closure of the cli. */
    static String polyglow() {
        return String.join(File.pathSeparator, own());
    }

    /**
     * Makes a {@code SPARK_HOME}: links to Spark's jars and Hadoop's for clients in {@code jars/}, which is all that executors see, and to those of Hadoop's servers in
     * {@code servers/}.
     */
    static Path makeSparkHome(Path directory) {
        try {
            Path jars = Files.createDirectories(directory.resolve("jars"));
            Path servers = Files.createDirectories(directory.resolve("servers"));
            Set<String> own = own();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                String name = Path.of(entry).getFileName().toString();
                Path link = (OF_SERVERS.matcher(name).matches() ? servers : jars).resolve(name);
                boolean cluster = !own.contains(entry) || IN_BOTH.matcher(name).matches();
                if (entry.endsWith(".jar") && cluster && !Files.exists(link)) {
                    Files.createSymbolicLink(link, Path.of(entry).toAbsolutePath());
                }
            }
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What Spark's daemons and clients of HDFS and YARN have. */
    static String clients(Path sparkHome) {
        return sparkHome.resolve("jars") + "/*";
    }

    /** What Hadoop's daemons have. */
    static String servers(Path sparkHome) {
        return sparkHome.resolve("servers") + "/*:" + clients(sparkHome);
    }

    /** The JVM options that every Polyglow process needs. */
    static List<String> jvmOptions() {
        return List.of(System.getProperty("polyglow.jvm.options").strip().split("\\s+"));
    }

    private static Set<String> own() {
        try {
            String text = Files.readString(Path.of(System.getProperty("polyglow.own.class.path")));
            return new LinkedHashSet<>(List.of(text.strip().split(File.pathSeparator)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
