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
 * Where executors that are processes of their own find our classes. Those of a local cluster see the same files as this process, so they use its class path as
 * it is. Others get what does not lie in {@code SPARK_HOME} sent; directories of classes are packed into jars, because Spark ships files. A driver that runs on the
 * cluster itself ({@code spark-submit --deploy-mode cluster}) was sent with its jars, which its executors get too.
 */
public final class ExecutorClassPath {
    private static final String SHIPPED = "spark.jars";
    private static final String SHIPPED_BY_YARN = "spark.yarn.dist.jars";
    private static final String BORROWED = "spark.executor.extraClassPath";

    private ExecutorClassPath() {}

    /** Sets what the executors of {@code spark.master} need, unless somebody already has; nothing if they are threads of this process. */
    public static void addTo(SparkConf conf) {
        String master = conf.get("spark.master");
        if (master.startsWith("local-cluster")) {
            borrow(conf, master);
        } else if (!master.startsWith("local")
                && !conf.get("spark.submit.deployMode", "client").equals("cluster")) {
            // YARN puts them on HDFS once and on each node once; else every executor fetches them from the driver
            ship(conf, master.equals("yarn") ? SHIPPED_BY_YARN : SHIPPED);
        }
    }

    private static void ship(SparkConf conf, String property) {
        if (conf.get(property, "").isEmpty()) {
            conf.set(property, String.join(",", own()));
        }
    }

    private static void borrow(SparkConf conf, String master) {
        String home = System.getenv("SPARK_HOME");
        if (home == null || !new File(home, "jars").isDirectory()) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "The master " + master
                            + " starts executors as processes of their own, for which Spark needs SPARK_HOME with a"
                            + " directory jars/ in it, but SPARK_HOME is " + (home == null ? "not set" : home)
                            + ". Start with the polyglow launcher, which sets it, or use --master local[N].");
        }
        conf.setIfMissing(BORROWED, System.getProperty("java.class.path"));
        conf.setIfMissing("spark.executorEnv.SPARK_SCALA_VERSION", "2.12");
    }

    /** The jars of this process that are not Spark's. */
    static List<String> own() {
        String home = System.getenv("SPARK_HOME");
        if (home == null) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "SPARK_HOME is not set, so Polyglow's jars cannot be told from Spark's, which must not be sent to the executors."
                            + " Set SPARK_HOME, start with the polyglow launcher, or list the jars in spark.jars.");
        }
        try {
            Path sparks = Path.of(home).toAbsolutePath();
            List<String> jars = new ArrayList<>();
            for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
                Path path = Path.of(entry).toAbsolutePath();
                if (Files.isDirectory(path)) {
                    jars.add(pack(path).toString());
                } else if (Files.exists(path) && !isOf(sparks, path)) {
                    jars.add(path.toString());
                }
            }
            return jars;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Jars that Polyglow and Spark both bring are Spark's. */
    private static boolean isOf(Path sparkHome, Path jar) {
        return jar.startsWith(sparkHome)
                || Files.exists(sparkHome.resolve("jars").resolve(jar.getFileName()));
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
