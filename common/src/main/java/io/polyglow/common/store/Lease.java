package io.polyglow.common.store;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.process.ProcessIdentity;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.NanoClock;
import org.jspecify.annotations.Nullable;

/**
 * The right to write to something: one driver at a time has it. A lease is a file {@code 000007.json} in a directory of the store; whoever creates
 * the next number is the owner. The owner calls {@link #beat} every few seconds, which changes the file's content; a lease whose content
 * stands still for {@code staleAfterNs} is taken over, at once if its owner was a process that this one would see, and that is gone. No clocks of
 * different machines are compared.
 *
 * <p>An owner that was only asleep finds out at its next {@link #beat} or {@link #requireHeld} and gets {@code FENCED}; until then what it writes must be told
 * apart by something else, such as {@link #token}. Safe for several threads.
 */
public final class Lease implements AutoCloseable {
    private static final long LOOK_EVERY_NS = 200_000_000L;
    private static final String NAME = "[0-9]{6,9}\\.json";

    private final Place place;
    private final Owner owner;
    private final int number;
    private long beats;

    /** Where the leases of something lie, and what it is, as in "The run R". */
    private record Place(Store store, String directory, String what) {
        String path(int number) {
            return directory + "/" + String.format(Locale.ROOT, "%06d.json", number);
        }

        @Nullable
        JsonObject read(int number) throws IOException {
            return SmallFiles.read(store, path(number));
        }

        List<Store.Entry> leases() throws IOException {
            return store.exists(directory)
                    ? store.list(directory).stream()
                            .filter(entry -> entry.name().matches(NAME))
                            .toList()
                    : List.of();
        }

        int last() throws IOException {
            return leases().stream()
                    .mapToInt(entry -> Integer.parseInt(entry.name().replace(".json", "")))
                    .max()
                    .orElse(0);
        }

        PolyglowException inUse(String holder) {
            return new PolyglowException(
                    ErrorKind.USAGE,
                    what + " is in use by " + holder
                            + ". Two drivers at it would destroy each other's work: wait for it, stop it, or choose another place.");
        }
    }

    /**
     * Who holds a lease.
     *
     * @param host for a person, as several containers may have one name
     * @param started for a person, as the wall clock may be set anew
     */
    record Owner(String host, String started, ProcessIdentity process) {
        static Owner thisProcess() {
            String started = ProcessHandle.current()
                    .info()
                    .startInstant()
                    .map(Object::toString)
                    .orElse("unknown");
            return new Owner(hostName(), started, ProcessIdentity.current());
        }

        /** A file of an older build does not say where the process id counts; such an owner is never known to be dead. */
        static Owner of(JsonObject content) {
            ProcessIdentity process = new ProcessIdentity(
                    content.getString("pid_space", ""), content.getLong("pid"), content.getString("start_ticks", ""));
            return new Owner(content.getString("host"), content.getString("started"), process);
        }

        JsonObject content(long beats) {
            return new JsonObject()
                    .put("host", host)
                    .put("pid", process.pid())
                    .put("started", started)
                    .put("pid_space", process.space())
                    .put("start_ticks", process.start())
                    .put("beats", beats);
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
            return "process " + process.pid() + " on " + host + " (started " + started + ")";
        }
    }

    private Lease(Place place, Owner owner, int number) {
        this.place = place;
        this.owner = owner;
        this.number = number;
    }

    /**
     * Takes the lease, waiting up to {@code staleAfterNs} to see whether the present owner still lives; if it does, a {@code USAGE} error
     * that names it.
     *
     * @param directory of the store, for leases alone
     * @param what the lease is of, to begin a sentence with
     */
    public static Lease take(Store store, String directory, String what, NanoClock clock, long staleAfterNs)
            throws IOException {
        return take(store, directory, what, Owner.thisProcess(), clock, staleAfterNs);
    }

    static Lease take(Store store, String directory, String what, Owner owner, NanoClock clock, long staleAfterNs)
            throws IOException {
        Place place = new Place(store, directory, what);
        int last = place.last();
        if (last > 0) {
            requireStale(place, last, clock, staleAfterNs);
        }
        Lease lease = new Lease(place, owner, last + 1);
        if (!SmallFiles.create(store, place.path(last + 1), owner.content(0))) {
            throw place.inUse("another driver that started at the same moment");
        }
        for (Store.Entry entry : place.leases()) {
            if (!entry.path().equals(place.path(last + 1))) {
                store.delete(entry.path());
            }
        }
        return lease;
    }

    /** Tells this lease from those before and after it, by letters that may stand in the name of a file. */
    public String token() {
        return number + "-" + Integer.toHexString(owner.hashCode());
    }

    /** Shows that the owner lives. {@code FENCED} if somebody else has taken the lease over. */
    public synchronized void beat() throws IOException {
        requireHeld();
        beats++;
        SmallFiles.rewrite(place.store(), place.path(number), owner.content(beats));
    }

    /** {@code FENCED} if somebody else has taken the lease over. */
    public synchronized void requireHeld() throws IOException {
        if (place.last() != number || !owner.equals(holder(place.read(number)))) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    place.what() + " has been taken over by another driver, because this one (" + owner
                            + ") did not show signs of life in time. This one stops; the other one goes on.");
        }
    }

    /** Gives up the right. */
    @Override
    public synchronized void close() throws IOException {
        if (owner.equals(holder(place.read(number)))) {
            place.store().delete(place.path(number));
        }
    }

    private static void requireStale(Place place, int number, NanoClock clock, long staleAfterNs) throws IOException {
        JsonObject first = place.read(number);
        Owner holder = holder(first);
        long deadline = clock.nanoTime() + staleAfterNs;
        while ((holder == null || !holder.process().isKnownDead()) && clock.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(LOOK_EVERY_NS);
            JsonObject now = place.read(number);
            if (now != null && !now.equals(first)) {
                throw place.inUse(String.valueOf(holder(now)));
            }
            if (now == null && first != null) {
                return;
            }
        }
    }

    private static @Nullable Owner holder(@Nullable JsonObject content) {
        return content == null ? null : Owner.of(content);
    }
}
