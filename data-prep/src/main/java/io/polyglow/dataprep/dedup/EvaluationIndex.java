package io.polyglow.dataprep.dedup;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.IntToLongFunction;

/**
 * The n-grams of evaluation items, to be looked for in documents: all runs of {@code words} words of an item's texts, or 24 characters where a text is in
 * a script without spaces; a text shorter than that as a whole. Words are those of {@link SimplifiedText}, as for near-duplicates. A hash only points to
 * the candidates; a hit is a hit when the bytes are the same. An n-gram that several items of a set share is told of the first.
 *
 * <p>Memory: some 50 bytes an n-gram, and the texts; bounded by {@code max-ngrams}. Immutable once built.
 */
public final class EvaluationIndex implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final long BASE = 0x9E3779B97F4A7C15L;
    private static final int CHARACTERS = Shingles.CHARACTERS;

    private final List<Text> texts;
    private final int[] lengths;
    private final long[] powers;
    private final long[] hashes;
    private final int[] textOf;
    private final int[] unitOf;

    /**
     * One text of an item.
     *
     * @param set name of the evaluation set
     * @param item where the item is, e.g. {@code test.jsonl:17}
     */
    public record Item(String set, String item, String text) {}

    /** A text as its units; {@code starts} has one entry more than there are units. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Text(String set, String item, byte[] bytes, int[] starts, int length) implements Serializable {
        int units() {
            return starts.length - 1;
        }
    }

    /**
     * A stretch of a document that an evaluation item has too.
     *
     * @param ngrams how many n-grams of the item it holds
     * @param start first UTF-16 unit of the document
     * @param end the unit after the last
     */
    public record Hit(String set, String item, int ngrams, int start, int end) {}

    private EvaluationIndex(List<Text> texts, int ngrams) {
        this.texts = texts;
        this.lengths = new TreeSet<>(texts.stream().map(Text::length).toList())
                .stream().mapToInt(n -> n).toArray();
        this.powers = Arrays.stream(lengths).mapToLong(EvaluationIndex::power).toArray();
        int slots = Integer.highestOneBit(Math.max(8, ngrams)) << 2;
        this.hashes = new long[slots];
        this.textOf = new int[slots];
        this.unitOf = new int[slots];
        for (int i = 0; i < texts.size(); i++) {
            insert(i);
        }
    }

    /** Takes items one by one, so that sets beyond the bound end in an error as soon as they pass it, however large they are. Not thread-safe. */
    public static final class Builder {
        private final DecontaminationConfig config;
        private final SimplifiedText simplified = new SimplifiedText();
        private final List<Text> texts = new ArrayList<>();
        private long ngrams;

        /** Without items yet. */
        public Builder(DecontaminationConfig config) {
            this.config = config;
        }

        /**
         * One more item.
         *
         * @throws PolyglowException of kind USAGE when there are more n-grams than the config allows
         */
        public void add(Item item) {
            Text text = text(item, simplified.read(item.text), config);
            if (text.length > 0) {
                texts.add(text);
                ngrams += text.units() - text.length + 1;
            }
            if (ngrams > config.maxNgrams()) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "The evaluation sets have more than " + config.maxNgrams() + " n-grams (counted up to set "
                                + item.set + ", item " + item.item
                                + "). Check that decontamination.sets names the right files; raise decontamination.max-ngrams,"
                                + " at some 50 bytes of every executor's memory each, or set decontamination.field.");
            }
        }

        /** The index of the items so far. */
        public EvaluationIndex build() {
            return new EvaluationIndex(texts, (int) ngrams);
        }
    }

    /** With length 0 if there is too little of it. */
    private static Text text(Item item, SimplifiedText simplified, DecontaminationConfig config) {
        boolean wordless = simplified.isMostlyWordless();
        int length = wordless ? CHARACTERS : config.words();
        int shortest =
                wordless ? (CHARACTERS * config.shortest() + config.words() - 1) / config.words() : config.shortest();
        int units = simplified.units();
        int[] starts = new int[units + 1];
        for (int i = 0; i <= units; i++) {
            starts[i] = units == 0 ? 0 : simplified.start(i);
        }
        int n = units >= length ? length : units >= shortest ? units : 0;
        return new Text(item.set, item.item, simplified.bytes(0, units), starts, n);
    }

    /** How many texts are looked for; those too short are not among them. */
    public int texts() {
        return texts.size();
    }

    private void insert(int index) {
        Text text = texts.get(index);
        long[] prefix = prefix(
                text.units(), unit -> XxHash64.hash(text.bytes, text.starts[unit], text.starts[unit + 1] - 1, 0));
        long power = power(text.length);
        for (int unit = 0; unit + text.length <= text.units(); unit++) {
            long hash = hash(prefix, unit, text.length, power);
            int slot = slot(hash);
            while (textOf[slot] != 0 && !isSame(slot, hash, index, unit)) {
                slot = (slot + 1) & (hashes.length - 1);
            }
            if (textOf[slot] == 0) {
                hashes[slot] = hash;
                textOf[slot] = index + 1;
                unitOf[slot] = unit;
            }
        }
    }

    /** Whether the slot holds this n-gram for this set already. */
    private boolean isSame(int slot, long hash, int index, int unit) {
        Text text = texts.get(index);
        Text there = texts.get(textOf[slot] - 1);
        int at = unitOf[slot];
        return hashes[slot] == hash
                && there.set.equals(text.set)
                && there.length == text.length
                && Arrays.equals(
                        there.bytes,
                        there.starts[at],
                        there.starts[at + there.length] - 1,
                        text.bytes,
                        text.starts[unit],
                        text.starts[unit + text.length] - 1);
    }

    /** All stretches of a document that items have too, by item and place. */
    public List<Hit> hits(String document, SimplifiedText simplified) {
        simplified.read(document);
        long[] prefix = prefix(simplified.units(), unit -> simplified.hash(unit, unit + 1, 0));
        TreeMap<Integer, List<int[]>> stretches = new TreeMap<>();
        for (int unit = 0; unit < simplified.units(); unit++) {
            for (int i = 0; i < lengths.length && unit + lengths[i] <= simplified.units(); i++) {
                find(simplified, unit, lengths[i], hash(prefix, unit, lengths[i], powers[i]), stretches);
            }
        }
        List<Hit> hits = new ArrayList<>();
        stretches.forEach((text, list) -> list.forEach(stretch -> hits.add(new Hit(
                texts.get(text).set,
                texts.get(text).item,
                stretch[2],
                simplified.sourceStart(stretch[0]),
                simplified.sourceEnd(stretch[1] - 1)))));
        return hits;
    }

    private void find(SimplifiedText document, int unit, int length, long hash, Map<Integer, List<int[]>> stretches) {
        for (int slot = slot(hash); textOf[slot] != 0; slot = (slot + 1) & (hashes.length - 1)) {
            Text text = texts.get(textOf[slot] - 1);
            int at = unitOf[slot];
            if (hashes[slot] == hash
                    && text.length == length
                    && document.matches(
                            unit, unit + length, text.bytes, text.starts[at], text.starts[at + length] - 1)) {
                extend(stretches.computeIfAbsent(textOf[slot] - 1, t -> new ArrayList<>()), unit, length);
            }
        }
    }

    /** N-grams that overlap are one stretch. */
    private static void extend(List<int[]> stretches, int unit, int length) {
        int[] last = stretches.isEmpty() ? new int[] {0, -1, 0} : stretches.get(stretches.size() - 1);
        if (unit < last[1]) {
            last[1] = unit + length;
            last[2]++;
        } else {
            stretches.add(new int[] {unit, unit + length, 1});
        }
    }

    private int slot(long hash) {
        return slot(hash, hashes.length);
    }

    /** Where an n-gram is looked for first: the topmost bits of the mixed hash, as many as there are slots for, which are a power of two. */
    static int slot(long hash, int slots) {
        return (int) (((hash ^ (hash >>> 32)) * BASE) >>> (Long.SIZE - Integer.numberOfTrailingZeros(slots)));
    }

    /** Of polynomials over the hashes of words, so that the hash of any run is one subtraction away. */
    private static long[] prefix(int units, IntToLongFunction hash) {
        long[] prefix = new long[units + 1];
        for (int i = 0; i < units; i++) {
            prefix[i + 1] = prefix[i] * BASE + hash.applyAsLong(i);
        }
        return prefix;
    }

    private static long hash(long[] prefix, int unit, int length, long power) {
        return prefix[unit + length] - prefix[unit] * power;
    }

    private static long power(int exponent) {
        long power = 1;
        long square = BASE;
        for (int rest = exponent; rest > 0; rest >>= 1) {
            power *= (rest & 1) == 1 ? square : 1;
            square *= square;
        }
        return power;
    }
}
