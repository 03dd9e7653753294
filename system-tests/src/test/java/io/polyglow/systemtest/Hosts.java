package io.polyglow.systemtest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The hosts of a cluster, and the one where its users are. Hosts of their own are namespaces of Linux on a bridge: each has an address, a name, {@code /dev/shm} and {@link #folder}
 * for itself, and all else from this machine, which is the users'. They need root, iproute2 and util-linux.
 */
final class Hosts implements AutoCloseable {
    /** For tests of networks (RFC 2544). */
    private static final String NETWORK = "198.18.73.";

    private static final String BRIDGE = "polyglow-b";
    private static final int USERS = 254;
    private static final String NOBODY = "02:00:00:00:00:fe";
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path work;
    private final Host users;
    private final List<Host> all;
    private final List<Process> holders = new ArrayList<>();

    private Hosts(Path work, Host users, List<Host> all) {
        this.work = work;
        this.users = users;
        this.all = all;
    }

    /** Loopback instead of hosts, {@code count} times. */
    static Hosts loopback(int count) {
        return new Hosts(Path.of(""), Host.LOOPBACK, Collections.nCopies(count, Host.LOOPBACK));
    }

    /** Whether hosts can be made here; what is left of those of a killed test is gone then. */
    static boolean canBeMade() {
        clear();
        boolean made = succeeds("ip", "link", "add", BRIDGE, "type", "bridge")
                && succeeds("unshare", "--net", "--mount", "--uts", "true");
        clear();
        return made;
    }

    /** Makes {@code count} hosts. */
    static Hosts make(Path work, int count) {
        List<Host> all = new ArrayList<>();
        Hosts hosts = new Hosts(work, new Host("users", NETWORK + USERS, List.of()), all);
        clear();
        run("ip", "link", "add", BRIDGE, "type", "bridge");
        run("ip", "addr", "add", NETWORK + USERS + "/24", "dev", BRIDGE);
        run("ip", "link", "set", BRIDGE, "up");
        for (int i = 0; i < count; i++) {
            all.add(hosts.add(name(i), NETWORK + (i + 1)));
        }
        return hosts;
    }

    private Host add(String name, String address) {
        Path ready = work.resolve(name + ".ready");
        Path names = work.resolve(name + ".hosts");
        write(names, "127.0.0.1 localhost\n" + address + " " + name + "\n");
        run("ip", "netns", "add", name);
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name);
        run("ip", "link", "set", name, "master", BRIDGE, "up");
        run("ip", "-n", name, "addr", "add", address + "/24", "dev", "eth0");
        run("ip", "-n", name, "link", "set", "eth0", "up");
        run("ip", "-n", name, "link", "set", "lo", "up");
        String settle = String.join(
                " && ",
                "hostname " + name,
                "mount --bind " + names + " /etc/hosts",
                "mount -t tmpfs -o size=1g none /dev/shm",
                "mkdir -p " + folder(),
                "mount -t tmpfs -o size=1g none " + folder(),
                "touch " + ready,
                "exec sleep infinity");
        Process holder = start("ip", "netns", "exec", name, "unshare", "--mount", "--uts", "sh", "-c", settle);
        holders.add(holder);
        Await.until(name + " is there", PATIENCE, () -> Files.exists(ready) && holder.isAlive());
        return new Host(
                name,
                address,
                List.of("nsenter", "--target", "" + holder.pid(), "--net", "--mount", "--uts", "--wd=" + work));
    }

    /** All but the users'. */
    List<Host> all() {
        return all;
    }

    /** Where commands are started. */
    Host users() {
        return users;
    }

    /** A folder that every host, and the users', has for itself. */
    Path folder() {
        return work.resolve("own");
    }

    /** Whether {@link #loseDatagrams} can work here. */
    static boolean canLoseDatagrams() {
        return succeeds("iptables", "--version");
    }

    /** Each host loses this share of the datagrams that it would receive, instead of the share that it has lost before. */
    void loseDatagrams(double share) {
        for (Host host : all) {
            run("ip", "netns", "exec", host.name(), "iptables", "--flush", "INPUT");
            run(
                    "ip",
                    "netns",
                    "exec",
                    host.name(),
                    "iptables",
                    "--append",
                    "INPUT",
                    "--protocol",
                    "udp",
                    "--match",
                    "statistic",
                    "--mode",
                    "random",
                    "--probability",
                    "" + share,
                    "--jump",
                    "DROP");
        }
    }

    /** Pulls the cable of a host out. Nobody tells the others that it is gone, as where routers lie between: what they send is lost in silence. */
    void unplug(int host) {
        String lost = all.get(host).address();
        for (int other = 0; other < all.size(); other++) {
            if (other != host) {
                run(
                        "ip",
                        "-n",
                        name(other),
                        "neigh",
                        "replace",
                        lost,
                        "lladdr",
                        NOBODY,
                        "dev",
                        "eth0",
                        "nud",
                        "permanent");
            }
        }
        run("ip", "neigh", "replace", lost, "lladdr", NOBODY, "dev", BRIDGE, "nud", "permanent");
        run("ip", "link", "set", name(host), "down");
    }

    private static String name(int host) {
        return "polyglow-" + host;
    }

    private static void clear() {
        succeeds(
                "sh",
                "-c",
                "for name in $(ip netns list | grep -o '^polyglow-[0-9]*'); do ip netns pids $name | xargs -r kill -9; ip link del $name;"
                        + " ip netns del $name; done; ip link del " + BRIDGE);
    }

    private static void run(String... command) {
        if (!succeeds(command)) {
            throw new AssertionError(String.join(" ", command) + " failed");
        }
    }

    private static boolean succeeds(String... command) {
        try {
            Process process = start(command);
            return process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (UncheckedIOException e) {
            return false; // there is no such program
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static Process start(String... command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        if (!holders.isEmpty()) {
            holders.forEach(Process::destroyForcibly);
            clear();
        }
    }
}
