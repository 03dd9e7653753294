package io.polyglow.dataprep.words;

/** Takes the words of a text, from first to last. */
@FunctionalInterface
public interface WordSink {
    /** A word at UTF-16 offsets {@code [start, end)}, never empty. */
    void word(int start, int end);
}
