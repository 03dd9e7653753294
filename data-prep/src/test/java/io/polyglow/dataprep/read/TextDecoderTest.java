package io.polyglow.dataprep.read;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.doc.Decoded;
import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TextDecoderTest {
    @ParameterizedTest
    @CsvSource({
        "UTF-16LE, FFFE, ein Wort ü",
        "UTF-16BE, FEFF, слово",
        "UTF-32LE, FFFE0000, 言葉",
        "UTF-8, EFBBBF, parole é"
    })
    void shouldFollowAByteOrderMark(String charset, String mark, String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(java.util.HexFormat.of().parseHex(mark));
        bytes.writeBytes(text.getBytes(Charset.forName(charset)));

        assertThat(TextDecoder.decode(bytes.toByteArray(), "koi8-r")).isEqualTo(new Decoded(text, 0, 0));
    }

    @Test
    void shouldBelieveValidUtf8MoreThanALabel() {
        assertThat(decode("déjà vu", "UTF-8", "iso-8859-1").text()).isEqualTo("déjà vu");
    }

    @ParameterizedTest
    @CsvSource({
        "windows-1252, ISO-8859-1, “naïve” costs 5 €",
        "windows-31j, shift_jis, すべての人間は①、生まれながらにして",
        "GB18030, gb2312, 人人生而自由在尊严和权利上一律平等",
        "x-windows-949, euc-kr, 모든 인간은 태어날 때부터",
        "Big5-HKSCS, big5, 人人生而自由",
        "ISO-2022-JP, iso-2022-jp, すべての人間"
    })
    void shouldReadLabelsAsBrowsersDo(String charset, String label, String text) {
        assertThat(decode(text, charset, label)).isEqualTo(new Decoded(text, 0, 0));
    }

    @ParameterizedTest
    @CsvSource({
        "windows-1251, Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью",
        "KOI8-R, Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью",
        "Shift_JIS, すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
        "GB18030, 人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。",
        "windows-1252, Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison",
        "ISO-8859-7, Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα",
    })
    void shouldDetectCharsetsThatNobodyDeclares(String charset, String text) {
        assertThat(decode(text, charset, null)).isEqualTo(new Decoded(text, 0, 0));
    }

    @Test
    void shouldReplaceAndCountWhatIsInNoCharset() {
        byte[] bytes = "plain text of some length with one bad byte ? in it, and a word as déjà"
                .getBytes(StandardCharsets.UTF_8);
        bytes[44] = (byte) 0xff;

        Decoded decoded = TextDecoder.decode(bytes, "no-such-charset");

        assertThat(decoded.text()).contains("déjà").contains("\uFFFD");
        assertThat(decoded.repairs()).isEqualTo(1);
    }

    private static Decoded decode(String text, String charset, @Nullable String label) {
        return TextDecoder.decode(text.getBytes(Charset.forName(charset)), label);
    }
}
