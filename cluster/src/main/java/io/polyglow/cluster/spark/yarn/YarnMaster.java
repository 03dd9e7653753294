package io.polyglow.cluster.spark.yarn;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.conf.HAUtil;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;
import org.jspecify.annotations.Nullable;

/** The ResourceManager of {@code --master yarn}: found before Spark is started, whose client would look for it for a quarter of an hour without a word. */
public final class YarnMaster {
    /** Longer than a standby takes to become active. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    private static final int CONNECT_MS = 3_000;

    private YarnMaster() {}

    /** Fails if {@code spark.master} is YARN and nothing tells where it is, or nobody answers there for 20 s. */
    public static void require(SparkConf conf) {
        if (!conf.get("spark.master").equals("yarn")) {
            return;
        }
        if (place() == null && conf.getAllWithPrefix("spark.hadoop.yarn.resourcemanager.").length == 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--master yarn needs to know where YARN is: set HADOOP_CONF_DIR (or YARN_CONF_DIR) to the folder of your"
                            + " cluster's yarn-site.xml and core-site.xml.");
        }
        requireAnswer(addresses(SparkHadoopUtil.get().newConfiguration(conf)), SystemNanoClock.INSTANCE, PATIENCE_NS);
    }

    /** Fails unless one of the addresses accepts a connection before {@code patienceNs} are over. */
    static void requireAnswer(List<InetSocketAddress> addresses, NanoClock clock, long patienceNs) {
        List<String> refusals = refusals(addresses);
        long deadline = clock.nanoTime() + patienceNs;
        while (refusals.size() == addresses.size()) {
            if (clock.nanoTime() - deadline >= 0 || Thread.interrupted()) {
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "No ResourceManager of YARN answers: " + String.join("; ", refusals)
                                + ". Check that YARN runs, and yarn.resourcemanager.address or .hostname in yarn-site.xml"
                                + (place() == null ? "." : " (" + place() + ")."));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
            refusals = refusals(addresses);
        }
    }

    /** Where clients find the ResourceManager; several where it is highly available. */
    static List<InetSocketAddress> addresses(Configuration site) {
        YarnConfiguration yarn = new YarnConfiguration(site);
        if (!HAUtil.isHAEnabled(yarn)) {
            return List.of(address(yarn));
        }
        List<InetSocketAddress> all = new ArrayList<>();
        for (String id : HAUtil.getRMHAIds(yarn)) {
            YarnConfiguration one = new YarnConfiguration(yarn);
            one.set(YarnConfiguration.RM_HA_ID, id);
            all.add(address(one));
        }
        return all;
    }

    private static InetSocketAddress address(YarnConfiguration yarn) {
        return yarn.getSocketAddr(
                YarnConfiguration.RM_ADDRESS, YarnConfiguration.DEFAULT_RM_ADDRESS, YarnConfiguration.DEFAULT_RM_PORT);
    }

    private static List<String> refusals(List<InetSocketAddress> addresses) {
        List<String> refusals = new ArrayList<>();
        for (InetSocketAddress address : addresses) {
            try (Socket socket = new Socket()) {
                socket.connect(address, CONNECT_MS);
            } catch (IOException e) {
                refusals.add(address.getHostString() + ":" + address.getPort() + ": "
                        + (address.isUnresolved() ? "unknown host" : e.getMessage()));
            }
        }
        return refusals;
    }

    /** Where {@code yarn-site.xml} was found, null if nowhere. */
    private static @Nullable String place() {
        URL site = YarnMaster.class.getClassLoader().getResource("yarn-site.xml");
        return site == null ? null : site.getPath();
    }
}
