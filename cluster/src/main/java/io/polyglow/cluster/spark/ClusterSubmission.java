package io.polyglow.cluster.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.launcher.InProcessLauncher;
import org.apache.spark.launcher.SparkAppHandle;
import scala.Tuple2;

/**
 * Hands a command to YARN in cluster mode, as {@code spark-submit --deploy-mode cluster} would: its driver runs in the application's first container, with our jars, and is started again on
 * another machine when it is lost. So it must be a command that may be run twice, such as {@code resume}.
 */
public final class ClusterSubmission {
    private static final Map<String, String> DEFAULTS = Map.of(
            "spark.yarn.submit.waitAppCompletion", "false",
            // as often as it takes, but not in a row
            "spark.yarn.am.attemptFailuresValidityInterval", "1h");

    private ClusterSubmission() {}

    /** Fails unless the target is a YARN that answers. */
    public static void require(SparkTarget target) {
        SparkConf conf = new SparkConf();
        target.properties().forEach(conf::set);
        conf.setMaster(target.master() == null ? conf.get("spark.master", "local") : target.master());
        if (!conf.get("spark.master").equals("yarn")) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--deploy-mode cluster is for --master yarn, not for " + conf.get("spark.master")
                            + ". Leave it out: the driver then runs in this process.");
        }
        SparkMaster.require(conf);
    }

    /**
     * Submits {@code mainClass arguments...} and returns YARN's id of the application once YARN has taken it.
     *
     * @param name what YARN's lists show
     * @param target properties of the driver and of its executors
     */
    public static String submit(String name, String mainClass, List<String> arguments, SparkTarget target) {
        InProcessLauncher launcher = new InProcessLauncher();
        launcher.setMaster("yarn").setDeployMode("cluster").setAppName(name).setMainClass(mainClass);
        List<String> jars = ExecutorClassPath.own();
        launcher.setAppResource(jars.get(0));
        jars.subList(1, jars.size()).forEach(launcher::addJar);
        properties(target, arguments).forEach(launcher::setConf);
        launcher.addAppArgs(arguments.toArray(String[]::new));
        try {
            return await(launcher);
        } catch (IOException e) {
            throw new PolyglowException(ErrorKind.ENVIRONMENT, "Spark's launcher does not start: " + e, e);
        }
    }

    private static Map<String, String> properties(SparkTarget target, List<String> arguments) {
        SparkConf conf = new SparkConf(false);
        target.properties().forEach(conf::set);
        HdfsAccess.grant(conf, arguments);
        Map<String, String> all = new LinkedHashMap<>(DEFAULTS);
        for (Tuple2<String, String> property : conf.getAll()) {
            all.put(property._1(), property._2());
        }
        String own = all.getOrDefault("spark.driver.extraJavaOptions", "");
        all.put("spark.driver.extraJavaOptions", (SparkSettings.jvmOptions() + " " + own).strip());
        return all;
    }

    private static String await(InProcessLauncher launcher) throws IOException {
        Semaphore changed = new Semaphore(0);
        SparkAppHandle handle = launcher.startApplication(new SparkAppHandle.Listener() {
            @Override
            public void stateChanged(SparkAppHandle now) {
                changed.release();
            }

            @Override
            public void infoChanged(SparkAppHandle now) {
                changed.release();
            }
        });
        try {
            while (handle.getAppId() == null && !handle.getState().isFinal()) {
                // a state that changes before the listener is there is seen by looking again
                changed.tryAcquire(1, TimeUnit.SECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            handle.kill();
        }
        if (handle.getAppId() == null) {
            throw failure(handle);
        }
        return handle.getAppId();
    }

    private static RuntimeException failure(SparkAppHandle handle) {
        Throwable cause = handle.getError().orElse(null);
        return cause instanceof RuntimeException known
                ? known
                : new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "Spark could not submit the application" + (cause == null ? "." : ": " + cause),
                        cause);
    }
}
