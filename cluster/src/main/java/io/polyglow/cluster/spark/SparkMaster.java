package io.polyglow.cluster.spark;

import io.polyglow.cluster.spark.yarn.YarnMaster;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.agrona.concurrent.NanoClock;
import org.agrona.concurrent.SystemNanoClock;
import org.apache.spark.SparkConf;

/**
 * The master of a Spark job, looked for before Spark is started: it would look for YARN's ResourceManager for a quarter of an hour without a word, and for a standalone master for a
 * minute, with a stack trace for each try.
 */
public final class SparkMaster {
    private static final String SPARK = "spark://";
    private static final String ADDRESS = "(\\[[0-9a-fA-F:.]+]|[^\\s,:/@\\[\\]]+):([0-9]{1,5})";
    private static final Pattern STANDALONE = Pattern.compile(SPARK + ADDRESS + "(," + ADDRESS + ")*");
    private static final Pattern OTHER = Pattern.compile("yarn|local|local\\[([1-9][0-9]*|\\*)(\\s*,\\s*[0-9]+)?]"
            + "|local-cluster\\[\\s*[1-9][0-9]*\\s*,\\s*[1-9][0-9]*\\s*,\\s*[1-9][0-9]*\\s*]|k8s://.+");

    /** Longer than a standby takes to become active. */
    private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(20);

    private static final int LAST_PORT = 0xFFFF;
    private static final int CONNECT_MS = 3_000;

    private SparkMaster() {}

    /** Fails if this is no master that Spark knows; asks nobody. */
    static void check(String master) {
        boolean known = master.startsWith(SPARK)
                ? isStandalone(master)
                : OTHER.matcher(master).matches();
        if (!known) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "\"" + master + "\" is no Spark master. --master is spark://host:port, yarn, local[N] or"
                            + " local-cluster[N,CORES,MB].");
        }
    }

    /** Fails if {@code spark.master} is none, or, where it is YARN or a standalone master, if nobody answers there for 20 s. */
    public static void require(SparkConf conf) {
        String master = conf.get("spark.master");
        check(master);
        if (master.equals("yarn")) {
            requireAnswer(
                    "ResourceManager of YARN",
                    YarnMaster.addresses(conf),
                    "Check that YARN runs, and yarn.resourcemanager.address or .hostname in " + YarnMaster.settings()
                            + ".",
                    SystemNanoClock.INSTANCE,
                    PATIENCE_NS);
        } else if (master.startsWith(SPARK)) {
            requireAnswer(
                    "Spark master",
                    addresses(master),
                    "Check that it runs, and --master; its web page shows its address.",
                    SystemNanoClock.INSTANCE,
                    PATIENCE_NS);
        }
    }

    private static boolean isStandalone(String master) {
        return STANDALONE.matcher(master).matches()
                && addressesOf(master).allMatch(address -> port(address) <= LAST_PORT);
    }

    /** Where a standalone master is; several where it is highly available. */
    static List<InetSocketAddress> addresses(String master) {
        return addressesOf(master)
                .map(address -> new InetSocketAddress(address.substring(0, address.lastIndexOf(':')), port(address)))
                .toList();
    }

    private static Stream<String> addressesOf(String master) {
        return Stream.of(master.substring(SPARK.length()).split(","));
    }

    private static int port(String address) {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** Fails unless one of the addresses accepts a connection before {@code patienceNs} are over. */
    static void requireAnswer(
            String who, List<InetSocketAddress> addresses, String advice, NanoClock clock, long patienceNs) {
        List<String> refusals = refusals(addresses);
        long deadline = clock.nanoTime() + patienceNs;
        while (refusals.size() == addresses.size()) {
            if (clock.nanoTime() - deadline >= 0 || Thread.interrupted()) {
                throw new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "No " + who + " answers: " + String.join("; ", refusals) + ". " + advice);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
            refusals = refusals(addresses);
        }
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
}
