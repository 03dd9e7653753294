package io.polyglow.common.token.regex;

import static org.assertj.core.api.Assertions.assertThat;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.lang.UProperty;
import com.ibm.icu.lang.UScript;
import com.ibm.icu.util.VersionInfo;
import io.polyglow.common.AllowApi;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Objects;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Generates the properties from ICU4J ({@link #main}) and checks that the committed ones are the same. */
class UnicodePropertiesTest {
    @AllowApi("a tool that a person runs")
    public static void main(String[] args) throws IOException {
        Files.writeString(Path.of(args[0]).resolve(UnicodeProperties.RESOURCE), generate());
    }

    @Test
    void shouldEqualTheGeneratedProperties() throws IOException {
        try (InputStream in = UnicodeProperties.class.getResourceAsStream(UnicodeProperties.RESOURCE)) {
            assertThat(new String(in.readAllBytes(), StandardCharsets.US_ASCII)).isEqualTo(generate());
        }
    }

    @Test
    void shouldFindPropertiesByEachOfTheirNames() {
        assertThat(named("Lu")).isEqualTo(named("uppercase letter"));
        assertThat(named("L").get('é')).isTrue();
        assertThat(named("Han").get('中')).isTrue();
        assertThat(named("Old_Italic").get(0x10300)).isTrue();
        assertThat(UnicodeProperties.punctuationOrSymbol().get('+')).isTrue();
        assertThat(named("P").get('+')).isFalse();
        assertThat(named("Cn").get(0x0378)).isTrue();
        assertThat(UnicodeProperties.named("Klingon")).isNull();
    }

    private static BitSet named(String name) {
        return Objects.requireNonNull(UnicodeProperties.named(name));
    }

    private static String generate() {
        VersionInfo version = UCharacter.getUnicodeVersion();
        StringBuilder text = new StringBuilder("# Unicode " + version.getMajor() + "." + version.getMinor() + "."
                + version.getMilli() + ": general categories, scripts, binary properties. Generated, do not edit.\n");
        runs(text, c -> {
            String category = UCharacter.getPropertyValueName(
                    UProperty.GENERAL_CATEGORY,
                    UCharacter.getIntPropertyValue(c, UProperty.GENERAL_CATEGORY),
                    UProperty.NameChoice.SHORT);
            return category.equals("Cn") ? "" : category;
        });
        runs(text, c -> {
            int script = UScript.getScript(c);
            return script == UScript.UNKNOWN ? "" : "script=" + UScript.getName(script);
        });
        runs(text, c -> UCharacter.hasBinaryProperty(c, UProperty.ALPHABETIC) ? "Alphabetic" : "");
        runs(text, c -> UCharacter.hasBinaryProperty(c, UProperty.WHITE_SPACE) ? "White_Space" : "");
        return text.toString();
    }

    private static void runs(StringBuilder text, IntFunction<String> name) {
        int start = 0;
        String run = name.apply(0);
        for (int c = 1; c <= UCharacter.MAX_CODE_POINT + 1; c++) {
            String next = c > UCharacter.MAX_CODE_POINT ? "end" : name.apply(c);
            if (!next.equals(run)) {
                if (!run.isEmpty()) {
                    text.append(String.format("%s %X-%X\n", run, start, c - 1));
                }
                start = c;
                run = next;
            }
        }
    }
}
