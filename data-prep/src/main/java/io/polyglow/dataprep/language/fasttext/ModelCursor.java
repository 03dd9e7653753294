package io.polyglow.dataprep.language.fasttext;

/** Reads the fields of a model file one after another; every count is checked against what is left of the file, so that a damaged file is an error and not a huge array. */
final class ModelCursor {
    private final MappedFile file;
    private long position;

    ModelCursor(MappedFile file) {
        this.file = file;
    }

    MappedFile file() {
        return file;
    }

    int nextInt() {
        return file.getInt(advance(Integer.BYTES, 1));
    }

    long nextLong() {
        return file.getLong(advance(Long.BYTES, 1));
    }

    float nextFloat() {
        return file.getFloat(advance(Float.BYTES, 1));
    }

    byte nextByte() {
        return file.getByte(advance(1, 1));
    }

    boolean nextBoolean() {
        return nextByte() != 0;
    }

    /** A count of things that take at least {@code bytesEach} bytes of the rest of the file. */
    int nextCount(String what, int bytesEach) {
        return count(what, nextInt(), bytesEach);
    }

    /** {@link #nextCount} of a number that is written with 64 bits. */
    int nextLongCount(String what, int bytesEach) {
        return count(what, nextLong(), bytesEach);
    }

    /** Passes over {@code count} records and tells where they begin. */
    long advance(long bytesEach, long count) {
        long start = position;
        if (count > (file.size() - start) / bytesEach) {
            throw file.damaged("it ends within a field", start);
        }
        position = start + bytesEach * count;
        return start;
    }

    /** Refuses the file unless the condition holds. */
    void require(boolean condition, String what) {
        if (!condition) {
            throw file.damaged(what, position);
        }
    }

    private int count(String what, long count, int bytesEach) {
        require(
                count >= 0 && count <= Integer.MAX_VALUE && count <= (file.size() - position) / bytesEach,
                "impossible number of " + what + ", " + count);
        return (int) count;
    }
}
