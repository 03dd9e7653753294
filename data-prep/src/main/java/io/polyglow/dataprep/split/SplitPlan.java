package io.polyglow.dataprep.split;

import io.polyglow.dataprep.doc.Digest;
import java.io.Serializable;
import java.util.List;

/**
 * Divides documents into a training and a validation side. Depends on nothing but seed, id and text, so any machine answers the same.
 *
 * @param mode what is divided
 * @param validation fraction in [0, 1): of documents (those whose draw is below it), or of the characters of each document
 */
public record SplitPlan(Mode mode, double validation, long seed) implements Serializable {
    private static final String PURPOSE = "split";

    /** How documents are divided. */
    public enum Mode {
        /** Each document goes to one side. */
        DOCUMENTS,
        /** The first characters of every document train, the last ones validate. */
        CONTIGUOUS
    }

    /** The two sides. */
    public enum Side {
        TRAIN,
        VALIDATION
    }

    /** A document, or a part of one, on one side. */
    public record Piece(Side side, String text) {}

    /** The non-empty pieces of a document, in order. */
    public List<Piece> pieces(String id, String text) {
        if (text.isEmpty()) {
            return List.of();
        }
        if (mode == Mode.DOCUMENTS) {
            return List.of(new Piece(draw(id) < validation ? Side.VALIDATION : Side.TRAIN, text));
        }
        int cut = cut(text);
        Piece head = new Piece(Side.TRAIN, text.substring(0, cut));
        Piece tail = new Piece(Side.VALIDATION, text.substring(cut));
        return cut == text.length() ? List.of(head) : cut == 0 ? List.of(tail) : List.of(head, tail);
    }

    /** How many bytes of a document train; about, when every document is cut. */
    public long trainBytes(String id, long bytes) {
        if (mode == Mode.CONTIGUOUS) {
            return (long) (bytes * (1 - validation));
        }
        return draw(id) < validation ? 0 : bytes;
    }

    /** The number in [0, 1) that decides for a document. */
    public double draw(String id) {
        return Digest.fraction(seed, PURPOSE, id);
    }

    /**
     * This plan, or the nearest one that leaves neither side without a document: a small corpus too gets a validation side, and always
     * has something to train on.
     *
     * @param smallestDraw over all documents
     * @param largestDraw over all documents
     */
    public SplitPlan withBothSides(double smallestDraw, double largestDraw) {
        if (mode == Mode.CONTIGUOUS || validation == 0) {
            return this;
        }
        double atLeast = Math.max(validation, Math.nextUp(smallestDraw));
        return new SplitPlan(mode, Math.min(atLeast, largestDraw), seed);
    }

    private int cut(String text) {
        long characters = text.codePointCount(0, text.length());
        return text.offsetByCodePoints(0, (int) (characters * (1 - validation)));
    }
}
