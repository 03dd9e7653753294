package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;

/**
 * What executors on other machines need: the entries of this process's class path that are not Spark's own ({@code SPARK_HOME/jars}).
 * Directories of classes are packed into jars, because Spark ships files.
 */
public final class ShippedJars {
    private static final String PROPERTY = "spark.jars";

    private ShippedJars() {}

    /** Sets {@code spark.jars}, unless somebody already has. */
    public static void addTo(SparkConf conf) {
        if (conf.get(PROPERTY, "").isEmpty()) {
            conf.set(PROPERTY, String.join(",", find()));
        }
    }

    private static List<String> find() {
        String home = System.getenv("SPARK_HOME");
        if (home == null) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "SPARK_HOME is not set, so Polyglow's jars cannot be told from Spark's, which must not be sent to the executors."
                            + " Set SPARK_HOME, start with the polyglow launcher, or list the jars in spark.jars.");
        }
        try {
            Path sparkJars = Path.of(home, "jars");
            List<String> jars = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                Path path = Path.of(entry).toAbsolutePath();
                if (Files.isDirectory(path)) {
                    jars.add(pack(path).toString());
                } else if (Files.exists(path) && !Files.exists(sparkJars.resolve(path.getFileName()))) {
                    jars.add(path.toString());
                }
            }
            return jars;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path pack(Path directory) throws IOException {
        Path jar = Files.createTempFile("polyglow-classes-", ".jar");
        jar.toFile().deleteOnExit();
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar));
                Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                out.putNextEntry(
                        new JarEntry(directory.relativize(file).toString().replace(File.separatorChar, '/')));
                Files.copy(file, out);
                out.closeEntry();
            }
        }
        return jar;
    }
}
