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
        return withMojibake(bytes, declared).withoutMojibake();
    }

    private static Decoded withMojibake(byte[] bytes, @Nullable String declared) {
        Charset marked = byteOrderMark(bytes);
        if (marked != null) {
            return Decoded.of(marked, bytes, 0, bytes.length);
        }
        Charset stated = charset(declared);
        if (stated != null && isSevenBit(stated)) {
            return Decoded.of(stated, bytes, 0, bytes.length);
        }
        Decoded utf8 = Decoded.utf8(bytes, 0, bytes.length);
        if (utf8.repairs() == 0 || isMostlyUtf8(utf8)) {
            return utf8;
        }
        Charset charset = stated == null || stated.equals(StandardCharsets.UTF_8) ? detected(bytes) : stated;
        Decoded other = charset == null ? utf8 : Decoded.of(charset, bytes, 0, bytes.length);
        return other.repairs() < utf8.repairs() ? other : utf8;
    }

    /** Whether more sequences are valid than are not; in another charset hardly any is by chance. */
    private static boolean isMostlyUtf8(Decoded utf8) {
        long valid = utf8.text().chars().filter(c -> c >= 0x80 && c != '\uFFFD').count();
        return valid >= 2L * utf8.repairs();
    }

    private static @Nullable Charset byteOrderMark(byte[] bytes) {
        int first = bytes.length < 2 ? 0 : ((bytes[0] & 0xff) << 8) | (bytes[1] & 0xff);
        boolean utf32 = bytes.length >= 4 && first == 0xFFFE && bytes[2] == 0 && bytes[3] == 0;
        return utf32
                ? Charset.forName("UTF-32LE")
                : first == 0xFFFE ? StandardCharsets.UTF_16LE : first == 0xFEFF ? StandardCharsets.UTF_16BE : null;
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
