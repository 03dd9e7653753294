package io.polyglow.dataprep.read;

import com.ibm.icu.text.CharsetDetector;
import com.ibm.icu.text.CharsetMatch;
import io.polyglow.dataprep.doc.Decoded;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Bytes of unknown charset into text. In order: a byte order mark; UTF-8 when all of it is valid, whatever is declared, since by chance it is not; the declared charset; what
 * ICU's detector is sure of; else UTF-8 with replacements, counted. At last mojibake is repaired, see {@link io.polyglow.dataprep.doc.Mojibake}.
 */
final class TextDecoder {
    /** ICU's confidence is a percentage. Below this its answers on short texts are guesses. */
    private static final int MIN_CONFIDENCE = 40;

    /** Bytes that the detector looks at; it is quadratic in nothing, but slow. */
    private static final int SAMPLE_BYTES = 1 << 14;

    /** Malformed sequences at the start of a file that are no accident. */
    private static final int MIN_FAULTS = 16;

    /** Labels that the web uses for more than they say (WHATWG Encoding, "names and labels"). */
    private static final Map<String, String> AS_BROWSERS_DO = Map.ofEntries(
            Map.entry("iso-8859-1", "windows-1252"),
            Map.entry("latin1", "windows-1252"),
            Map.entry("us-ascii", "windows-1252"),
            Map.entry("ascii", "windows-1252"),
            Map.entry("iso-8859-9", "windows-1254"),
            Map.entry("iso-8859-11", "x-windows-874"),
            Map.entry("tis-620", "x-windows-874"),
            Map.entry("windows-874", "x-windows-874"),
            Map.entry("gb2312", "GB18030"),
            Map.entry("gbk", "GB18030"),
            Map.entry("x-gbk", "GB18030"),
            Map.entry("shift_jis", "windows-31j"),
            Map.entry("sjis", "windows-31j"),
            Map.entry("x-sjis", "windows-31j"),
            Map.entry("euc-kr", "x-windows-949"),
            Map.entry("ks_c_5601-1987", "x-windows-949"),
            Map.entry("big5", "Big5-HKSCS"));

    private TextDecoder() {}

    /** The text of {@code bytes}; {@code declared} is the label of a charset, or null. */
    static Decoded decode(byte[] bytes, @Nullable String declared) {
        return choose(bytes, declared).text().withoutMojibake();
    }

    /**
     * The charset of a file of lines, which nobody declares.
     *
     * @param sample its first bytes
     * @param isAll whether these are all; the start of a longer file has to show more faults before all of it is taken for something else than UTF-8
     */
    static Charset charsetOfLines(byte[] sample, boolean isAll) {
        int end = isAll ? sample.length : endOfLastLine(sample);
        byte[] lines = Arrays.copyOfRange(sample, startOfFirstLineBeyondAscii(sample, end), end);
        Charset charset = choose(lines, null).charset();
        return isAll || Decoded.utf8(lines, 0, lines.length).repairs() >= MIN_FAULTS ? charset : StandardCharsets.UTF_8;
    }

    private static int endOfLastLine(byte[] sample) {
        int end = sample.length;
        while (end > 0 && sample[end - 1] != '\n') {
            end--;
        }
        return end == 0 ? sample.length : end;
    }

    /** Lines before it say nothing of the charset. Units of UTF-16 and UTF-32 stay whole. */
    private static int startOfFirstLineBeyondAscii(byte[] sample, int end) {
        int first = 0;
        while (first < end && sample[first] >= 0) {
            first++;
        }
        while (first > 0 && sample[first - 1] != '\n') {
            first--;
        }
        return first & -4;
    }

    private record Choice(Charset charset, Decoded text) {
        static Choice of(Charset charset, byte[] bytes) {
            return new Choice(charset, Decoded.of(charset, bytes, 0, bytes.length));
        }
    }

    private static Choice choose(byte[] bytes, @Nullable String declared) {
        Charset marked = byteOrderMark(bytes);
        if (marked != null) {
            return Choice.of(marked, bytes);
        }
        Charset stated = charset(declared);
        if (stated != null && isSevenBit(stated)) {
            return Choice.of(stated, bytes);
        }
        Choice utf8 = Choice.of(StandardCharsets.UTF_8, bytes);
        if (utf8.text().repairs() == 0 || isMostlyUtf8(utf8.text())) {
            return utf8;
        }
        Charset charset = stated == null || stated.equals(StandardCharsets.UTF_8) ? detected(bytes) : stated;
        Choice other = charset == null ? utf8 : Choice.of(charset, bytes);
        return other.text().repairs() < utf8.text().repairs() ? other : utf8;
    }

    /** Whether more sequences are valid than are not; in another charset hardly any is by chance. */
    private static boolean isMostlyUtf8(Decoded utf8) {
        long valid = utf8.text().chars().filter(c -> c >= 0x80 && c != '\uFFFD').count();
        return valid >= 2L * utf8.repairs();
    }

    /** The charset whose byte order mark {@code bytes} begin with; null when there is none. */
    static @Nullable Charset byteOrderMark(byte[] bytes) {
        if (startsWith(bytes, 0xEF, 0xBB, 0xBF)) {
            return StandardCharsets.UTF_8;
        }
        if (startsWith(bytes, 0xFF, 0xFE, 0, 0)) {
            return Charset.forName("UTF-32LE");
        }
        return startsWith(bytes, 0xFF, 0xFE)
                ? StandardCharsets.UTF_16LE
                : startsWith(bytes, 0xFE, 0xFF) ? StandardCharsets.UTF_16BE : null;
    }

    private static boolean startsWith(byte[] bytes, int... mark) {
        for (int i = 0; i < mark.length; i++) {
            if (i == bytes.length || (bytes[i] & 0xff) != mark[i]) {
                return false;
            }
        }
        return true;
    }

    /** The charset that browsers use for a label; null when there is none. */
    static @Nullable Charset charset(@Nullable String label) {
        if (label == null) {
            return null;
        }
        String plain = label.strip().toLowerCase(Locale.ROOT);
        try {
            return Charset.forName(AS_BROWSERS_DO.getOrDefault(plain, plain));
        } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
            return null;
        }
    }

    /** Charsets whose bytes are valid UTF-8 and yet mean something else. */
    private static boolean isSevenBit(Charset charset) {
        String name = charset.name();
        return name.startsWith("ISO-2022");
    }

    private static @Nullable Charset detected(byte[] bytes) {
        CharsetDetector detector = new CharsetDetector();
        detector.setText(bytes.length <= SAMPLE_BYTES ? bytes : Arrays.copyOf(bytes, SAMPLE_BYTES));
        CharsetMatch match = detector.detect();
        return match == null || match.getConfidence() < MIN_CONFIDENCE ? null : charset(match.getName());
    }
}
