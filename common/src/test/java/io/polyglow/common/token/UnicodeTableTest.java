package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UCharacterCategory;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.util.VersionInfo;
import io.polyglow.common.AllowApi;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Generates the table from ICU4J ({@link #main}) and checks that the committed one is the same. */
class UnicodeTableTest {
    private static final String SHA256 = "2f8beb346d5a02eb2b5d377ba330cc381e5d46b01d6c989e877c45353c43911d";

    @AllowApi("a tool that a person runs")
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0]).resolve(UnicodeTable.RESOURCE), generate());
    }

    @Test
    void shouldEqualTheGeneratedTable() throws Exception {
        try (InputStream in = UnicodeTable.class.getResourceAsStream(UnicodeTable.RESOURCE)) {
            byte[] committed = in.readAllBytes();
            assertThat(new String(committed, StandardCharsets.US_ASCII)).isEqualTo(generate());
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(committed);
            assertThat(HexFormat.of().formatHex(digest)).isEqualTo(SHA256);
        }
    }

    @Test
    void shouldAgreeWithIcuOnEveryCodePoint() {
        for (int c = 0; c <= UCharacter.MAX_CODE_POINT; c++) {
            assertThat(UnicodeTable.classOf(c)).as("U+%04X", c).isEqualTo(icuClass(c));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0x0870, 0x1DF00, 0x2EBF0, 0x105C0, 0x16D43, 0x1E5D0, 0x31350})
    void shouldKnowLettersThatJdk17DoesNot(int codePoint) {
        assertThat(UnicodeTable.classOf(codePoint) & UnicodeTable.LETTER).isNotZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {0x09, 0x0B, 0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x3000})
    void shouldKnowWhiteSpaceBeyondAscii(int codePoint) {
        assertThat(UnicodeTable.classOf(codePoint)).isEqualTo(UnicodeTable.SPACE);
    }

    private static String generate() {
        VersionInfo version = UCharacter.getUnicodeVersion();
        String number = version.getMajor() + "." + version.getMinor() + "." + version.getMilli();
        StringBuilder text = new StringBuilder(
                "# Unicode " + number
                        + ": U = Lu, Lt; L = Ll; C = Lm, Lo; M = marks; N = numbers; S = White_Space. Generated, do not edit.\n");
        int runClass = UnicodeTable.OTHER;
        int runStart = 0;
        for (int c = 0; c <= UCharacter.MAX_CODE_POINT + 1; c++) {
            int next = c > UCharacter.MAX_CODE_POINT ? UnicodeTable.OTHER : icuClass(c);
            if (next != runClass) {
                if (runClass != UnicodeTable.OTHER) {
                    text.append(String.format(
                            "%c %04X-%04X\n",
                            UnicodeTable.NAMES.charAt(Integer.numberOfTrailingZeros(runClass)), runStart, c - 1));
                }
                runClass = next;
                runStart = c;
            }
        }
        return text.toString();
    }

    private static int icuClass(int codePoint) {
        if (UCharacter.hasBinaryProperty(codePoint, UProperty.WHITE_SPACE)) {
            return UnicodeTable.SPACE;
        }
        return switch (UCharacter.getType(codePoint)) {
            case UCharacterCategory.UPPERCASE_LETTER, UCharacterCategory.TITLECASE_LETTER -> UnicodeTable.UPPER;
            case UCharacterCategory.LOWERCASE_LETTER -> UnicodeTable.LOWER;
            case UCharacterCategory.MODIFIER_LETTER, UCharacterCategory.OTHER_LETTER -> UnicodeTable.CASELESS;
            case UCharacterCategory.NON_SPACING_MARK,
                    UCharacterCategory.COMBINING_SPACING_MARK,
                    UCharacterCategory.ENCLOSING_MARK -> UnicodeTable.MARK;
            case UCharacterCategory.DECIMAL_DIGIT_NUMBER,
                    UCharacterCategory.LETTER_NUMBER,
                    UCharacterCategory.OTHER_NUMBER -> UnicodeTable.NUMBER;
            default -> UnicodeTable.OTHER;
        };
    }
}
