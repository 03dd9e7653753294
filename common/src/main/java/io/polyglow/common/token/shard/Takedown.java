package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Takes documents out of the shards of a corpus, rewriting only those that hold them. New shards are written beside the old ones, under a name with the next
 * revision; then what tells of the corpus as it was, see {@link CorpusIndex}; then the tombstone; then the report and the data card, which count the old corpus and
 * may show the texts, are deleted; then the manifest is replaced, which is the one moment at which the corpus changes; then the old shards are deleted. Killed
 * before that moment, the corpus is the old one; killed after it, the new one, and what is left over is deleted by {@link #clean}.
 *
 * <p>One process at a time may do this to a corpus; its caller sees to that.
 */
public final class Takedown {
    private final Store store;
    private final String directory;
    private final TokenDataset corpus;
    private final Takedowns before;

    private Takedown(Store store, String directory) throws IOException {
        this.store = store;
        this.directory = directory;
        this.corpus = TokenDataset.open(store, directory);
        this.before = Takedowns.read(store, directory, corpus.manifest().takedowns());
    }

    /**
     * Takes documents out, all their copies and parts.
     *
     * @param documents which; those that no shard holds are listed in the tombstone too, so that a later prepare leaves them out
     * @param reason who asked for it and why
     * @param now goes into the tombstone
     * @return the tombstone
     * @throws PolyglowException of kind DATA when no shard holds any of them and no text of theirs is known that was not taken down before, or when the corpus
     *     cannot tell; USAGE when they are too many for one tombstone; FENCED when another process changed the corpus meanwhile
     */
    public static Tombstone run(
            Store store, String directory, Collection<Tombstone.Taken> documents, String reason, Instant now)
            throws IOException {
        Takedown takedown = new Takedown(store, directory);
        Tombstone tombstone = takedown.run(documents, reason, now);
        clean(store, directory);
        return tombstone;
    }

    /** Deletes files of shards that the manifest does not list: what a take-down that was killed has left. */
    public static void clean(Store store, String directory) throws IOException {
        List<String> listed = CorpusManifest.read(store, directory).shards().stream()
                .map(ShardInfo::name)
                .toList();
        for (Store.Entry entry : store.list(directory)) {
            int suffix = entry.name().lastIndexOf('.');
            String shard = suffix < 0 ? "" : entry.name().substring(0, suffix);
            if (!entry.directory() && ShardInfo.NAME.matcher(shard).matches() && !listed.contains(shard)) {
                store.delete(entry.path());
            }
        }
    }

    private Tombstone run(Collection<Tombstone.Taken> documents, String reason, Instant now) throws IOException {
        Map<DocumentId, Tombstone.Taken> wanted = new TreeMap<>();
        documents.forEach(taken -> wanted.put(taken.id(), taken));
        requireFew(wanted.size());
        List<ShardInfo> shards = new ArrayList<>();
        List<String> touched = new ArrayList<>();
        for (String split : List.of(TokenDataset.TRAIN, TokenDataset.VALIDATION)) {
            SplitIndex index = corpus.index(split);
            for (int shard = 0; shard < index.shards().size(); shard++) {
                ShardInfo info = index.shards().get(shard);
                if (holdsAny(index, shard, wanted)) {
                    touched.add(info.name());
                    shards.addAll(rewrite(index, shard, wanted));
                } else {
                    shards.add(info);
                }
            }
        }
        if (touched.isEmpty()) {
            requireNews(wanted.values());
        }
        return commit(shards, touched, List.copyOf(wanted.values()), reason, now);
    }

    /** A tombstone without a shard is worth while for a text that a later prepare would not leave out otherwise. */
    private void requireNews(Collection<Tombstone.Taken> wanted) {
        Set<String> names = before.names();
        if (wanted.stream().allMatch(taken -> taken.contentHash() == null || names.contains(taken.contentHash()))) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "No shard of " + store.root() + "/" + directory + " holds any of the " + wanted.size()
                            + " documents named, and their texts are unknown or were taken down before, so there is nothing"
                            + " to do. Check the ids with: polyglow lineage CORPUS --document ID");
        }
    }

    private static void requireFew(int documents) {
        if (documents > Takedowns.MAX_DOCUMENTS) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    String.format(
                            Locale.ROOT,
                            "%,d documents are too many for one take-down, which lists at most %,d. Nothing was taken out."
                                    + " Name them in several take-downs, by files of ids or one source after the other.",
                            documents,
                            Takedowns.MAX_DOCUMENTS));
        }
    }

    private static boolean holdsAny(SplitIndex index, int shard, Map<DocumentId, Tombstone.Taken> wanted) {
        for (long d = index.firstDocument(shard); d < index.firstDocument(shard + 1); d++) {
            if (wanted.containsKey(index.id(d))) {
                return true;
            }
        }
        return false;
    }

    /** The shard without the documents; no shard when nothing else was in it. */
    private List<ShardInfo> rewrite(SplitIndex index, int shard, Map<DocumentId, Tombstone.Taken> wanted)
            throws IOException {
        ShardInfo info = index.shards().get(shard);
        TokenShard tokens =
                new TokenShard(store, directory, info, corpus.manifest().vocabSize());
        String name = revised(info.name());
        for (String suffix : info.files().keySet()) {
            store.delete(CorpusManifest.path(directory, name + suffix));
        }
        Map<String, Long> removedBytes = new TreeMap<>();
        try (TokenShardWriter writer = TokenShardWriter.create(store, directory, name, info.type())) {
            for (long d = index.firstDocument(shard); d < index.firstDocument(shard + 1); d++) {
                int[] ids = tokens(index, shard, tokens, d);
                String language = index.language(d);
                if (wanted.containsKey(index.id(d))) {
                    removedBytes.merge(language, textBytes(ids), Long::sum);
                } else {
                    writer.append(new ShardEntry(index.id(d), index.copy(d), language, 0), ids, 0, ids.length);
                }
            }
            ShardInfo revised = writer.finish();
            return revised.documents() == 0 ? List.of() : List.of(withBytes(revised, info, removedBytes));
        }
    }

    private static int[] tokens(SplitIndex index, int shard, TokenShard tokens, long document) {
        int start = (int) (index.documentStart(document) - index.firstToken(shard));
        int[] ids = new int[(int) (index.documentStart(document + 1) - index.documentStart(document))];
        tokens.read(start, ids.length, ids, 0);
        return ids;
    }

    /** Length of a document's text, as the tokenizer gives it back. */
    private long textBytes(int[] ids) {
        int end = ids.length;
        if (end > 0 && ids[end - 1] == corpus.tokenizer().endOfTextId()) {
            end--;
        }
        return corpus.tokenizer().decode(ids, 0, end).length;
    }

    /** Shards do not keep the bytes of each document, so what is left is what there was less what went. */
    private static ShardInfo withBytes(ShardInfo revised, ShardInfo before, Map<String, Long> removed) {
        Map<String, Long> bytes = new TreeMap<>();
        before.languages().forEach(count -> bytes.put(count.language(), count.bytes()));
        List<LanguageCount> counts = new ArrayList<>();
        for (LanguageCount count : revised.languages()) {
            long left = bytes.getOrDefault(count.language(), 0L) - removed.getOrDefault(count.language(), 0L);
            counts.add(new LanguageCount(count.language(), count.documents(), Math.max(0, left), count.tokens()));
        }
        return revised.withLanguages(counts);
    }

    /** {@code train-00003} becomes {@code train-00003.1}, that {@code .2}; it keeps its place among the shards, which are sorted by name. */
    private static String revised(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name + ".1" : name.substring(0, dot + 1) + (Long.parseLong(name.substring(dot + 1)) + 1);
    }

    private Tombstone commit(
            List<ShardInfo> shards, List<String> touched, List<Tombstone.Taken> taken, String reason, Instant now)
            throws IOException {
        CorpusManifest old = corpus.manifest();
        CorpusManifest revised = old.withShards(shards);
        Tombstone tombstone = new Tombstone(
                before.chain().count() + 1,
                now.toString(),
                reason,
                taken,
                old.fingerprint(),
                revised.fingerprint(),
                List.copyOf(new TreeSet<>(touched)),
                before.chain().sha256());
        requireUnchanged();
        if (!touched.isEmpty()) {
            CorpusIndex.keep(store, directory, old, touched);
        }
        Takedowns.Chain chain = Takedowns.write(store, directory, tombstone);
        for (String telling : List.of(CorpusManifest.REPORT, CorpusManifest.CARD)) {
            store.delete(CorpusManifest.path(directory, telling));
        }
        revised.withTakedowns(chain).rewrite(store, directory);
        return tombstone;
    }

    /** Whoever changes a corpus holds a lease; one that was lost while this process slept is seen here. */
    private void requireUnchanged() throws IOException {
        if (!CorpusManifest.read(store, directory).equals(corpus.manifest())) {
            throw new PolyglowException(
                    ErrorKind.FENCED,
                    "The corpus " + store.root() + "/" + directory
                            + " was changed by another process meanwhile. Nothing was taken out; run the command again.");
        }
    }
}
