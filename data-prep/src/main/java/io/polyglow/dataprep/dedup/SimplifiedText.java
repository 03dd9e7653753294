package io.polyglow.dataprep.dedup;

import java.util.Arrays;

/**
 * A text reduced to what counts when texts are compared: units, each with its place in the original. A unit is a word in its {@link SimpleForm}, or one
 * character of a script that is written without spaces. A run of digits is one {@code 0}. The units stand in one buffer as UTF-8 with one space
 * between them, so that any range of units is a range of bytes.
 *
 * <p>Memory is some four times the largest text read. One instance serves many texts, one after the other; not safe for several threads.
 */
public final class SimplifiedText {
    private static final char ZERO = '0';

    private byte[] bytes = new byte[1 << 12];
    private int length;
    private int[] starts = new int[1 << 9];
    private int[] sourceStarts = new int[1 << 9];
    private int[] sourceEnds = new int[1 << 9];
    private int units;
    private int wordless;
    private boolean open;
    private boolean afterDigit;

    /** Reads {@code text[from, to)} in place of what was read before. */
    public SimplifiedText read(String text, int from, int to) {
        length = 0;
        units = 0;
        wordless = 0;
        open = false;
        for (int at = from; at < to; at++) {
            char form = SimpleForm.ofChar(text.charAt(at));
            if (form == SimpleForm.SEPARATOR) {
                open = false;
            } else if (form == SimpleForm.NOTHING) {
                extend(at);
            } else if (form == SimpleForm.LONG) {
                at = readLong(text, at, to);
            } else {
                append(form, text.charAt(at), at, at + 1);
            }
        }
        return this;
    }

    /** Reads a whole text. */
    public SimplifiedText read(String text) {
        return read(text, 0, text.length());
    }

    /** Number of units. */
    public int units() {
        return units;
    }

    /** Whether most units are characters of scripts without spaces. */
    public boolean isMostlyWordless() {
        return 2L * wordless > units;
    }

    /** xxHash64 of the units {@code [from, to)}, {@code from < to}. */
    public long hash(int from, int to, long seed) {
        return XxHash64.hash(bytes, starts[from], end(to), seed);
    }

    /** The UTF-8 bytes of the units {@code [from, to)}. */
    public byte[] bytes(int from, int to) {
        return from == to ? new byte[0] : Arrays.copyOfRange(bytes, starts[from], end(to));
    }

    /** Whether the units {@code [from, to)} have exactly these bytes. */
    public boolean matches(int from, int to, byte[] other, int otherFrom, int otherTo) {
        return Arrays.equals(bytes, starts[from], end(to), other, otherFrom, otherTo);
    }

    /** Where a unit begins in the buffer; {@code units()} gives the end of the buffer plus one. */
    int start(int unit) {
        return unit < units ? starts[unit] : length + 1;
    }

    /** The UTF-16 unit of the original at which a unit begins. */
    public int sourceStart(int unit) {
        return sourceStarts[unit];
    }

    /** The UTF-16 unit of the original after the last of a unit. */
    public int sourceEnd(int unit) {
        return sourceEnds[unit];
    }

    private int end(int to) {
        return start(to) - 1;
    }

    private int readLong(String text, int at, int to) {
        int codePoint = text.codePointAt(at);
        int next = Math.min(to, at + Character.charCount(codePoint));
        String form = SimpleForm.of(codePoint);
        if (form.equals(" ")) {
            open = false;
        } else if (form.isEmpty()) {
            extend(at);
        } else {
            form.codePoints().forEach(part -> append(part, part, at, next));
        }
        return next - 1;
    }

    /** A mark belongs to the unit before it. */
    private void extend(int at) {
        if (units > 0 && sourceEnds[units - 1] == at) {
            sourceEnds[units - 1] = at + 1;
        }
    }

    private void append(int form, int original, int at, int next) {
        boolean alone = SimpleForm.isWordless(original);
        if (alone || !open) {
            begin(at);
            open = !alone;
            wordless += alone ? 1 : 0;
            afterDigit = false;
        }
        if (form != ZERO || !afterDigit) {
            write(form);
        }
        afterDigit = form == ZERO;
        sourceEnds[units - 1] = next;
    }

    private void begin(int at) {
        if (units == starts.length) {
            starts = Arrays.copyOf(starts, 2 * units);
            sourceStarts = Arrays.copyOf(sourceStarts, 2 * units);
            sourceEnds = Arrays.copyOf(sourceEnds, 2 * units);
        }
        if (units > 0) {
            write(' ');
        }
        starts[units] = length;
        sourceStarts[units++] = at;
    }

    private void write(int codePoint) {
        if (length + 4 > bytes.length) {
            bytes = Arrays.copyOf(bytes, 2 * bytes.length);
        }
        if (codePoint < 0x80) {
            bytes[length++] = (byte) codePoint;
        } else if (codePoint < 0x800) {
            bytes[length++] = (byte) (0xC0 | (codePoint >> 6));
            bytes[length++] = (byte) (0x80 | (codePoint & 0x3F));
        } else if (codePoint < 0x10000) {
            bytes[length++] = (byte) (0xE0 | (codePoint >> 12));
            bytes[length++] = (byte) (0x80 | ((codePoint >> 6) & 0x3F));
            bytes[length++] = (byte) (0x80 | (codePoint & 0x3F));
        } else {
            bytes[length++] = (byte) (0xF0 | (codePoint >> 18));
            bytes[length++] = (byte) (0x80 | ((codePoint >> 12) & 0x3F));
            bytes[length++] = (byte) (0x80 | ((codePoint >> 6) & 0x3F));
            bytes[length++] = (byte) (0x80 | (codePoint & 0x3F));
        }
    }
}
