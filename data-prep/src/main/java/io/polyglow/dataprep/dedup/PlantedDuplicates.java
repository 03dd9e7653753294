package io.polyglow.dataprep.dedup;

import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.doc.Digest;
import java.io.Serializable;

/**
 * Synthetic documents of which it is known, exactly, how similar they are: two texts that share their first {@code c} shingles of {@code n} and have no other
 * in common have Jaccard similarity {@code c / (2n - c)}. Words are drawn evenly from 65,536 pronounceable ones, so that shingles of five do not meet by
 * chance. Of all documents, 8 % are one large cluster whose members have similarity 0.9 with one another, 8 % are copies of one text, 2 % are one text in
 * different dress, 40 % are pairs of similarity 0.6, 0.7, 0.8 and 0.9, a quarter each, 4 % are near-misses, and the rest are alone. Near-misses come in families
 * of {@value #FAMILY} that have similarity 0.5, or 0.4 every other one, with one another: too little to be joined, and so many pairs that some agree in a band and only a look at the shingles tells.
 * Every document is a function of (seed, index).
 */
public final class PlantedDuplicates implements Serializable {
    private static final long serialVersionUID = 1L;

    /** The similarities of planted pairs, in tenths. */
    public static final int FEWEST_TENTHS = 6;

    /** Documents of a family of near-misses. */
    public static final int FAMILY = 32;

    private static final int NEAREST_MISS_TENTHS = 5;
    private static final int SIMILARITIES = 4;
    private static final int SHINGLES = 150;
    private static final int WORDS_OF_SENTENCE = 13;
    private static final String CONSONANTS = "bdfghjklmnprstvz";
    private static final String VOWELS = "aeio";

    private final long seed;
    private final long hub;
    private final long copied;
    private final long equal;
    private final long paired;
    private final long missed;

    /** The layout of {@code documents} texts. */
    public PlantedDuplicates(long documents, long seed) {
        this.seed = seed;
        this.hub = documents * 8 / 100;
        this.copied = hub + documents * 8 / 100;
        this.equal = copied + documents * 2 / 100;
        long group = 2L * SIMILARITIES;
        this.paired = equal + documents * 40 / 100 / group * group;
        this.missed = paired + documents * 4 / 100 / FAMILY * FAMILY;
    }

    /**
     * A document.
     *
     * @param id as good as random
     * @param plant the same for all that were planted together to be found, and for no other; a near-miss is a plant of its own
     * @param tenths similarity to the others of the plant, or of a near-miss to its family, times ten; 0 when alone
     * @param pair whether its plant is a pair
     */
    public record Planted(String id, long plant, int tenths, boolean pair, String text) {
        /** Whether it must not be joined with its family. */
        public boolean isNearMiss() {
            return tenths > 0 && tenths < FEWEST_TENTHS;
        }
    }

    /** The document of an index. */
    public Planted document(long index) {
        String id = Digest.documentId("planted-" + seed, index);
        if (index < hub) {
            return new Planted(id, 0, 9, false, text(9, 0, index));
        }
        if (index < copied) {
            return new Planted(id, hub, 10, false, text(10, hub, index));
        }
        if (index < equal) {
            String text = text(10, copied, index);
            return new Planted(
                    id, copied, 10, false, index % 2 == 0 ? text : text.toUpperCase(java.util.Locale.ROOT) + "!");
        }
        if (index < paired) {
            long pair = (index - equal) / 2;
            int tenths = FEWEST_TENTHS + (int) (pair % SIMILARITIES);
            long plant = equal + 2 * pair;
            return new Planted(id, plant, tenths, true, text(tenths, plant, index));
        }
        if (index < missed) {
            long family = (index - paired) / FAMILY;
            int tenths = NEAREST_MISS_TENTHS - (int) (family % 2);
            return new Planted(id, index, tenths, false, text(tenths, paired + family * FAMILY, index));
        }
        return new Planted(id, index, 0, false, text(0, index, index));
    }

    /** The first {@code c + 4} words make {@code c} shingles, which are the plant's; {@code n - c} words more are the document's own. */
    private String text(int tenths, long plant, long index) {
        int n = SHINGLES;
        while (2 * n * tenths % (10 + tenths) != 0) {
            n++;
        }
        int common = 2 * n * tenths / (10 + tenths);
        StringBuilder text = new StringBuilder();
        append(RandomStream.of(seed, "planted:common", plant), 0, common + 4, text);
        append(RandomStream.of(seed, "planted:own", index), common + 4, n + 4, text);
        return text.append('.').toString();
    }

    private static void append(RandomStream random, int from, int to, StringBuilder text) {
        for (int word = from; word < to; word++) {
            text.append(word == 0 ? "" : word % WORDS_OF_SENTENCE == 0 ? ". " : " ");
            appendWord(random.nextInt(1 << 16), text);
        }
    }

    private static void appendWord(int number, StringBuilder text) {
        for (int bits = 0; bits < 18; bits += 6) {
            int syllable = number >> bits;
            text.append(CONSONANTS.charAt(syllable & 15)).append(VOWELS.charAt(syllable >> 4 & 3));
        }
    }
}
