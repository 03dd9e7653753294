package io.polyglow.dataprep.clean;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.Normalizer2;
import com.ibm.icu.util.VersionInfo;

/**
 * Brings a text to one form: line endings {@code \n}, then Unicode NFC. Normalisation data are ICU4J's, pinned by the build and
 * written into every manifest, so the same text has the same bytes on every JDK.
 *
 * <p>Nothing else is touched: case, width, quotes and white space carry meaning in some language.
 */
public final class TextNormalizer {
    private static final Normalizer2 NFC = Normalizer2.getNFCInstance();

    private TextNormalizer() {}

    /** The normalised text. */
    public static String normalize(String text) {
        return NFC.normalize(unixLineEndings(text));
    }

    /** Whether the text has nothing but white space. */
    public static boolean isBlank(String text) {
        return text.codePoints().allMatch(UCharacter::isUWhiteSpace);
    }

    /** Version of ICU4J, such as {@code 77.1}. */
    public static String icuVersion() {
        return majorMinor(VersionInfo.ICU_VERSION);
    }

    /** Version of the Unicode data that normalisation and script detection use, such as {@code 16.0}. */
    public static String unicodeVersion() {
        return majorMinor(UCharacter.getUnicodeVersion());
    }

    private static String majorMinor(VersionInfo version) {
        return version.getMajor() + "." + version.getMinor();
    }

    private static String unixLineEndings(String text) {
        return text.indexOf('\r') < 0 ? text : text.replace("\r\n", "\n").replace('\r', '\n');
    }
}
