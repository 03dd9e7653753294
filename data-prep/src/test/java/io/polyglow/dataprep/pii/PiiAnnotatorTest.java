package io.polyglow.dataprep.pii;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PiiAnnotatorTest {
    private final PiiAnnotator annotator = new PiiAnnotator();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Write to jane.doe+news@mail.gov.uk. | jane.doe+news@mail.gov.uk",
                "<a@b.de>,c@d.fr; | a@b.de ~ c@d.fr",
                "请联系foo@bar.com。谢谢 | foo@bar.com",
                "иван@почта.рф пишет | иван@почта.рф",
                "o'neil@acme.co | o'neil@acme.co",
                "x@sub.sub2.xn--p1ai! | x@sub.sub2.xn--p1ai",
                "mailto:me@site.org?subject=x | me@site.org",
                "two..dots@site.org | dots@site.org"
            })
    void shouldFindMailAddresses(String text, String found) {
        assertThat(found(text, "eng", PiiKind.EMAIL)).containsExactly(found.split(" ~ "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "@handle and @ alone",
                "user@localhost",
                "user@example.com",
                "you@host.example",
                "a@b",
                "x@1.2",
                "@@@@",
                "foo@-bar.com",
                "trailing.@b.com",
                "a@b.c",
                "me@site.123"
            })
    void shouldNotTakeOtherSignsForMailAddresses(String text) {
        assertThat(annotator.annotate(text, "eng_Latn")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "from 81.2.69.142, then | 81.2.69.142",
                "http://203.1.112.9:8080/ | 203.1.112.9",
                "(172.32.0.10) | 172.32.0.10",
                "DNS 8.8.4.40. | 8.8.4.40",
                "host 2a00:1450:4001:81b::200e is | 2a00:1450:4001:81b::200e",
                "2606:2800:220:1:248:1893:25c8:1946 | 2606:2800:220:1:248:1893:25c8:1946"
            })
    void shouldFindPublicAddressesOfComputers(String text, String found) {
        assertThat(found(text, "eng", PiiKind.IP_ADDRESS)).containsExactly(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.1.2.3",
                "192.168.100.10",
                "172.16.10.1",
                "127.0.0.1",
                "100.64.0.99",
                "169.254.10.10",
                "192.0.2.55",
                "198.51.100.7",
                "203.0.113.77",
                "224.0.0.251",
                "255.255.255.255",
                "version 12.34.56.78",
                "Firmware 81.2.69.142",
                "v81.2.69.142",
                "libfoo-81.2.69.142",
                "see 3.1.4.2",
                "1.2.3.4.5",
                "81.2.69.142.7",
                "300.2.69.142",
                "81.02.69.142",
                "81.2.69",
                "12:30:45",
                "fe80::1",
                "::1",
                "2001:db8::8a2e:370:7334",
                "3fff:0:1::2",
                "fc00::12",
                "2a00:1450::81b::200e",
                "std::vector",
                "ab:cd:ef:01:23:45",
                "2a00:1450:4001:81b:200e"
            })
    void shouldNotTakePrivateAddressesVersionsAndTimesForPublicAddresses(String text) {
        assertThat(annotator.annotate(text, "eng_Latn")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "eng | Call +44 20 7946 0018 now | +44 20 7946 0018",
                "deu | +49 (0)30 2270, intern | +49 (0)30 2270",
                "jpn | ＋81 3-3581-5111です | ＋81 3-3581-5111",
                "eng | (212) 736-5000 or | (212) 736-5000",
                "eng | phone: 2127365000 | 2127365000",
                "fra | Tél. 01 42 34 20 00 | 01 42 34 20 00",
                "fra | au 01 42 34 20 00, | 01 42 34 20 00",
                "deu | Telefon 030/22732107 | 030/22732107",
                "rus | тел. 8 (495) 606-36-02 | 8 (495) 606-36-02",
                "hin | फ़ोन ०११-२३०१७१०७ | ०११-२३०१७१०७",
                "spa | teléfono 913 90 60 00 | 913 90 60 00"
            })
    void shouldFindPhoneNumbersOfTheLanguagesCountries(String language, String text, String found) {
        assertThat(found(text, language, PiiKind.PHONE)).containsExactly(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "+1 234",
                "+999 123 456 789",
                "on 2021-03-15 at 12:30",
                "1,234,567,890",
                "ISBN 978-3-16-148410-0",
                "1999-2004 and 2005-2010",
                "3.14159 26535 89793",
                "§ 123 456 789",
                "10 000 000 people",
                "4 8 15 16 23 42",
                "GDP of 20.94 trillion in 2020",
                "id 20211231235959",
                "15.03.2021 14.04.2022"
            })
    void shouldNotTakeOtherNumbersForPhoneNumbers(String text) {
        for (String language : List.of("eng_Latn", "deu_Latn", "fra_Latn", "spa_Latn", "und_Zyyy")) {
            assertThat(annotator.annotate(text, language)).as(language).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "IBAN DE89 3704 0044 0532 0130 00, BIC | DE89 3704 0044 0532 0130 00",
                "GB82WEST12345698765432. | GB82WEST12345698765432",
                "FR14 2004 1010 0505 0001 3M02 606 | FR14 2004 1010 0505 0001 3M02 606",
                "NO93 8601 1117 947 | NO93 8601 1117 947"
            })
    void shouldFindBankAccounts(String text, String found) {
        assertThat(found(text, "eng", PiiKind.IBAN)).containsExactly(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DE88 3704 0044 0532 0130 00",
                "GB82WEST1234569876543",
                "XX89370400440532013000",
                "DE89370400440532013000123",
                "de89 3704"
            })
    void shouldRefuseBankAccountsOfWrongCheckOrLength(String text) {
        assertThat(found(text, "eng", PiiKind.IBAN)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "4111 1111 1111 1111 | 4111 1111 1111 1111",
                "card 5555555555554444! | 5555555555554444",
                "3782-822463-10005 | 3782-822463-10005",
                "6011000990139424 | 6011000990139424",
                "３５３０１１１３３３３０００００ | ３５３０１１１３３３３０００００"
            })
    void shouldFindPaymentCards(String text, String found) {
        assertThat(found(text, "eng", PiiKind.CARD)).containsExactly(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "4111 1111 1111 1112",
                "0000 0000 0000 0000",
                "1234567812345670",
                "9999999999999995",
                "3.4111111111111111",
                "12024111111111111111"
            })
    void shouldRefuseCardsOfWrongCheckOrIssuer(String text) {
        assertThat(found(text, "eng", PiiKind.CARD)).isEmpty();
    }

    @Test
    void shouldGiveSpansInOrderWithoutOverlaps() {
        List<PiiSpan> spans = annotator.annotate(
                "a@b.de 81.2.69.142 +44 20 7946 0018 81.2.69.142@c.org DE89370400440532013000", "deu_Latn");

        assertThat(spans)
                .extracting(PiiSpan::kind)
                .containsExactly(PiiKind.EMAIL, PiiKind.IP_ADDRESS, PiiKind.PHONE, PiiKind.EMAIL, PiiKind.IBAN);
        for (int i = 1; i < spans.size(); i++) {
            assertThat(spans.get(i).start())
                    .isGreaterThanOrEqualTo(spans.get(i - 1).end());
        }
    }

    /** Text full of numbers that are nothing: tables, dates, prices, identifiers, coordinates. */
    @Test
    void shouldFindAlmostNothingInTextFullOfNumbers() {
        Random random = new Random(7);
        StringBuilder text = new StringBuilder();
        int numbers = 20_000;
        for (int i = 0; i < numbers; i++) {
            switch (random.nextInt(8)) {
                case 0 -> text.append(random.nextInt(100)).append('.').append(random.nextInt(1_000_000));
                case 1 ->
                    text.append(1900 + random.nextInt(130))
                            .append('-')
                            .append(10 + random.nextInt(3))
                            .append('-')
                            .append(10 + random.nextInt(20));
                case 2 ->
                    text.append(random.nextInt(1000))
                            .append(',')
                            .append(100 + random.nextInt(900))
                            .append(',')
                            .append(100 + random.nextInt(900));
                case 3 ->
                    text.append(random.nextInt(24))
                            .append(':')
                            .append(10 + random.nextInt(50))
                            .append(':')
                            .append(10 + random.nextInt(50));
                case 4 -> text.append(random.nextInt(Integer.MAX_VALUE));
                case 5 ->
                    text.append('$').append(random.nextInt(10_000)).append('.').append(10 + random.nextInt(90));
                case 6 ->
                    text.append(random.nextInt(1000))
                            .append(' ')
                            .append(100 + random.nextInt(900))
                            .append(' ')
                            .append(100 + random.nextInt(900));
                default -> text.append((char) ('A' + random.nextInt(26))).append(random.nextInt(10_000));
            }
            text.append(random.nextInt(6) == 0 ? ".\n" : "; ");
        }
        for (String language : List.of("eng_Latn", "deu_Latn", "fra_Latn", "swe_Latn")) {
            assertThat(annotator.annotate(text.toString(), language))
                    .as(language)
                    .hasSizeLessThan(numbers / 1000);
        }
    }

    /** What makes backtracking patterns quadratic or worse. */
    private static Stream<String> pieces() {
        return Stream.of(
                "a",
                "1",
                "@",
                "a@",
                "a.",
                "a@a.",
                "1.",
                "1 ",
                "1-",
                "+1 ",
                "+",
                "(",
                "1.1.1.",
                "a:a:",
                "12:",
                "DE89",
                "AB12 ",
                "4111 ",
                "123-45-",
                "+1 212 736 500",
                "0",
                "a-",
                "%",
                "\u0663");
    }

    @ParameterizedTest
    @MethodSource("pieces")
    void shouldScanAMegabyteOfAnythingInASecondOrSo(String piece) {
        scan(piece, 1_000_000, Duration.ofSeconds(10));
    }

    @ParameterizedTest
    @Tag("nightly")
    @MethodSource("pieces")
    void shouldScanTenMegabytesOfAnythingInLinearTime(String piece) {
        scan(piece, 10_000_000, Duration.ofSeconds(100));
    }

    private void scan(String piece, int length, Duration deadline) {
        String text = piece.repeat(length / piece.length());

        Assertions.assertTimeoutPreemptively(deadline, () -> annotator.annotate(text, "eng_Latn"));
    }

    @Test
    void shouldSurviveAnyCharacters() {
        Random random = new Random(3);
        char[] alphabet = "0123456789 .-+()@:/ABXYZabc\ud835\udd18\u0663\uff13\n".toCharArray();
        for (int i = 0; i < 20_000; i++) {
            char[] text = new char[random.nextInt(60)];
            for (int j = 0; j < text.length; j++) {
                text[j] = alphabet[random.nextInt(alphabet.length)];
            }
            String line = new String(text);
            assertThatCode(() -> annotator.annotate(line, "eng_Latn")).as(line).doesNotThrowAnyException();
        }
    }

    private List<String> found(String text, String language, PiiKind kind) {
        return annotator.annotate(text, language + "_Latn").stream()
                .filter(span -> span.kind() == kind)
                .map(span -> text.substring(span.start(), span.end()))
                .toList();
    }
}
