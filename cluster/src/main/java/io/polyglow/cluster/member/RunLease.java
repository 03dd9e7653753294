package io.polyglow.cluster.member;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * The right to drive a run: one driver at a time has it. A lease is a file {@code leases/000007.json} in the run directory; whoever creates
 * the next number owns the run. The owner calls {@link #beat} every few seconds, which changes the file's content; a lease whose content
 * stands still for {@code staleAfterNs} is taken over, at once if its owner was a process of this host that is gone. No clocks of
 * different machines are compared.
 *
 * <p>An owner that was only asleep finds out at its next beat and gets {@code FENCED}; until then the epochs of {@link Attempts} fence it.
 */
public final class RunLease implements AutoCloseable {
    private static final String ROOT = "leases";
    private static final long LOOK_EVERY_NS = 200_000_000L;

    private final Store run;
    private final Owner owner;
    private final int number;
    private long beats;

    /** Who holds a lease: enough to tell whether that process still lives, if it is on this host. */
    record Owner(String host, long pid, String started) {
        static Owner thisProcess() {
            ProcessHandle self = ProcessHandle.current();
            return new Owner(hostName(), self.pid(), started(self));
        }

        boolean knownDead() {
            return host.equals(hostName())
                    && !ProcessHandle.of(pid)
                            .filter(process -> started(process).equals(started))
                            .isPresent();
        }

        private static String started(ProcessHandle process) {
            return process.info().startInstant().map(Object::toString).orElse("unknown");
        }

        private static String hostName() {
            try {
                return InetAddress.getLocalHost().getHostName();
            } catch (UnknownHostException e) {
                return "localhost";
            }
        }

        @Override
        public String toString() {
            return "process " + pid + " on " + host + " (started " + started + ")";
        }
    }

    private RunLease(Store run, Owner owner, int number) {
        this.run = run;
        this.owner = owner;
        this.number = number;
    }

    /**
     * Takes the lease, waiting up to {@code staleAfterNs} to see whether the present owner still lives; if it does, a {@code USAGE} error
     * that names it.
     */
    public static RunLease take(Store run, NanoClock clock, long staleAfterNs) throws IOException {
        return take(run, Owner.thisProcess(), clock, staleAfterNs);
    }

    static RunLease take(Store run, Owner owner, NanoClock clock, long staleAfterNs) throws IOException {
        int last = last(run);
        if (last > 0) {
            requireStale(run, last, clock, staleAfterNs);
        }
        RunLease lease = new RunLease(run, owner, last + 1);
        if (!SmallFiles.create(run, path(last + 1), lease.content())) {
            throw inUse(run, "another driver that started at the same moment");
        }
        for (Store.Entry entry : run.list(ROOT)) {
            if (!entry.path().equals(path(last + 1))) {
                run.delete(entry.path());
            }
        }
        return lease;
    }

    /** Shows that the owner lives. {@code FENCED} if somebody else has taken the lease over. */
    public void beat() throws IOException {
        requireHeld();
        beats++;
        SmallFiles.rewrite(run, path(number), content());
    }

    /** Gives the run free. */
    @Override
    public void close() throws IOException {
        if (owner.equals(holder(SmallFiles.read(run, path(number))))) {
            run.delete(path(number));
        }
    }

    private void requireHeld() throws IOException {
        if (last(run) != number || !owner.equals(holder(SmallFiles.read(run, path(number))))) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    "The run " + run.root() + " has been taken over by another driver, because this one (" + owner
                            + ") did not show signs of life in time. This one stops; the other one goes on.");
        }
    }

    private static void requireStale(Store run, int number, NanoClock clock, long staleAfterNs) throws IOException {
        JsonObject first = SmallFiles.read(run, path(number));
        Owner holder = holder(first);
        long deadline = clock.nanoTime() + staleAfterNs;
        while ((holder == null || !holder.knownDead()) && clock.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(LOOK_EVERY_NS);
            JsonObject now = SmallFiles.read(run, path(number));
            if (now != null && !now.equals(first)) {
                throw inUse(run, String.valueOf(holder(now)));
            }
            if (now == null && first != null) {
                return;
            }
        }
    }

    private static PolyglowException inUse(Store run, String holder) {
        return new PolyglowException(
                ErrorKind.USAGE,
                "The run " + run.root() + " is in use by " + holder
                        + ". Two drivers on one run directory would destroy each other's checkpoints: wait for it, stop it, or"
                        + " choose another run directory.");
    }

    private static @Nullable Owner holder(@Nullable JsonObject content) {
        return content == null
                ? null
                : new Owner(content.getString("host"), content.getLong("pid"), content.getString("started"));
    }

    private static int last(Store run) throws IOException {
        if (!run.exists(ROOT)) {
            return 0;
        }
        int last = 0;
        for (Store.Entry entry : run.list(ROOT)) {
            if (entry.name().matches("[0-9]{6,9}\\.json")) {
                last = Math.max(last, Integer.parseInt(entry.name().replace(".json", "")));
            }
        }
        return last;
    }

    private JsonObject content() {
        return new JsonObject()
                .put("host", owner.host())
                .put("pid", owner.pid())
                .put("started", owner.started())
                .put("beats", beats);
    }

    private static String path(int number) {
        return ROOT + "/" + String.format(Locale.ROOT, "%06d.json", number);
    }
}
