package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The take-downs of a corpus, oldest first, verified against the chain that ends in its manifest. A tombstone beyond the chain belongs to a take-down that did not
 * come to its end, and counts for nothing.
 *
 * @param chain what the manifest says of them
 */
public record Takedowns(List<Tombstone> tombstones, Chain chain) {
    /** The directory of tombstones in a corpus directory. */
    public static final String DIRECTORY = "takedown";

    /** The most documents that one tombstone lists, {@value} of some 150 bytes, so that it stays below what is read of one. */
    static final int MAX_DOCUMENTS = 1_500_000;

    static final int MAX_BYTES = 256 << 20;

    /**
     * How many tombstones there are, and the SHA-256 of the last; it holds that of the one before.
     *
     * @param sha256 empty when there is none
     */
    public record Chain(int count, String sha256) {
        /** No take-down. */
        public static final Chain NONE = new Chain(0, "");
    }

    /** Reads the take-downs of a corpus; none where there is no corpus. A chain that is broken is a DATA error. */
    public static Takedowns read(Store store, String directory) throws IOException {
        if (!store.exists(CorpusManifest.path(directory, CorpusManifest.FILE))) {
            return new Takedowns(List.of(), Chain.NONE);
        }
        return read(store, directory, CorpusManifest.read(store, directory).takedowns());
    }

    static Takedowns read(Store store, String directory, Chain chain) throws IOException {
        List<Tombstone> tombstones = new ArrayList<>();
        String previous = "";
        for (int number = 1; number <= chain.count(); number++) {
            String path = path(directory, number);
            byte[] bytes = bytes(store, path);
            Tombstone tombstone = Tombstone.parse(store.root() + "/" + path, bytes);
            if (!tombstone.previousSha256().equals(previous) || tombstone.number() != number) {
                throw broken(store, path, "it does not follow the one before it");
            }
            tombstones.add(tombstone);
            previous = Tombstone.sha256(bytes);
        }
        if (!previous.equals(chain.sha256())) {
            throw broken(store, path(directory, chain.count()), "it is not the one that the manifest names");
        }
        return new Takedowns(List.copyOf(tombstones), chain);
    }

    /**
     * What names the documents that were taken out, in hex: the hash of the text, or, where it is not known, the id. An id names a place, which may hold another
     * text by now.
     */
    public Set<String> names() {
        Set<String> names = new TreeSet<>();
        for (Tombstone tombstone : tombstones) {
            for (Tombstone.Taken taken : tombstone.documents()) {
                names.add(
                        taken.contentHash() != null
                                ? taken.contentHash()
                                : taken.id().toString());
            }
        }
        return names;
    }

    /** The take-down that ended a corpus with this fingerprint. */
    public Optional<Tombstone> after(String fingerprint) {
        return tombstones.stream()
                .filter(tombstone -> tombstone.oldFingerprint().equals(fingerprint))
                .filter(tombstone -> !tombstone.newFingerprint().equals(fingerprint))
                .findFirst();
    }

    /** The take-downs as they were when there were {@code count} of them. */
    public Takedowns first(int count) {
        if (count == tombstones.size()) {
            return this;
        }
        String sha256 = tombstones.get(count).previousSha256();
        return new Takedowns(tombstones.subList(0, count), new Chain(count, sha256));
    }

    /** Of these documents, those that a take-down names by their id, with the first that does. */
    public Map<DocumentId, Tombstone> of(Set<DocumentId> documents) {
        Map<DocumentId, Tombstone> found = new TreeMap<>();
        for (Tombstone tombstone : tombstones) {
            for (Tombstone.Taken taken : tombstone.documents()) {
                if (documents.contains(taken.id())) {
                    found.putIfAbsent(taken.id(), tombstone);
                }
            }
        }
        return found;
    }

    /** Writes the same tombstones into another corpus directory, whose manifest must then have the same {@link #chain}. */
    public void copyTo(Store store, String directory) throws IOException {
        for (Tombstone tombstone : tombstones) {
            write(store, directory, tombstone);
        }
    }

    /** Writes a tombstone that a reader takes, and tells the chain that ends in it. */
    static Chain write(Store store, String directory, Tombstone tombstone) throws IOException {
        byte[] bytes = tombstone.encode();
        if (bytes.length > MAX_BYTES) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The tombstone of the take-down would have " + bytes.length + " bytes; no reader takes more than "
                            + MAX_BYTES + ". Nothing was taken out. Give a shorter reason, or name fewer documents.");
        }
        Stores.rewrite(store, path(directory, tombstone.number()), bytes);
        return new Chain(tombstone.number(), Tombstone.sha256(bytes));
    }

    static String path(String directory, int number) {
        return CorpusManifest.path(directory, String.format(Locale.ROOT, "%s/%04d.json", DIRECTORY, number));
    }

    private static byte[] bytes(Store store, String path) throws IOException {
        try {
            return Stores.read(store, path, MAX_BYTES);
        } catch (NoSuchFileException e) {
            throw broken(store, path, "it is missing");
        }
    }

    private static PolyglowException broken(Store store, String path, String what) {
        return new PolyglowException(
                ErrorKind.DATA,
                "The take-downs of the corpus are not complete: " + store.root() + "/" + path + ": " + what
                        + ". Put back the file that was there.");
    }
}
