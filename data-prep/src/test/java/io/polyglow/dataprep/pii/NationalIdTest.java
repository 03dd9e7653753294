package io.polyglow.dataprep.pii;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Numbers that authorities and articles print as examples, or made up with a right check digit. */
class NationalIdTest {
    private final PiiAnnotator annotator = new PiiAnnotator();

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ar-cuit | CUIL 20-12345678-6",
                "at-svnr | SVNR 1237 010180",
                "au-tfn | TFN 123 456 782",
                "be-rrn | 85.07.30-033.28",
                "bg-egn | ЕГН 7523169263",
                "br-cnpj | 11.222.333/0001-81",
                "br-cpf | 529.982.247-25",
                "ca-sin | SIN 130 692 544",
                "ch-ahv | 756.9217.0769.85",
                "cl-rut | 30.686.957-4",
                "cn-resident | 身份证11010519491231002X",
                "cz-sk-rc | 710319/2745",
                "de-steuer-id | Steuer-ID 86 095 742 719",
                "dk-cpr | CPR 211062-5629",
                "es-dni | 12345678Z",
                "es-nie | X1234567L",
                "fi-hetu | 131052-308T",
                "fr-nir | 2 55 08 14 168 025 38",
                "gb-nhs | NHS 943 476 5919",
                "gb-nino | AB 12 34 56 C",
                "gr-amka | ΑΜΚΑ 01013099997",
                "hk-hkid | A123456(3)",
                "id-nik | NIK 3204110609970001",
                "ie-pps | PPS 1234567T",
                "il-id | תעודת זהות 123456782",
                "in-aadhaar | Aadhaar 2341 2341 2346",
                "in-pan | PAN ABCPE1234F",
                "it-cf | RSSMRA85T10A562S",
                "jp-my-number | 個人番号 1234 5678 9018",
                "kr-rrn | 900101-1234568",
                "mx-curp | BEML920313HMCLNS09",
                "my-nric | 900131-10-5678",
                "nl-bsn | BSN 111222333",
                "no-fnr | 01010750160",
                "pl-pesel | PESEL 44051401359",
                "pt-nif | NIF 123456789",
                "ro-cnp | CNP 1800101221144",
                "ru-inn | ИНН 500100732259",
                "ru-snils | 112-233-445 95",
                "se-pnr | 811218-9876",
                "sg-nric | S1234567D",
                "th-id | 1-1017-00230-70-8",
                "tr-tckn | T.C. Kimlik No 10000000146",
                "tw-id | 身分證 A123456789",
                "ua-rnokpp | РНОКПП 3184710691",
                "us-ssn | 536-90-4399",
                "za-id | ID number 8001015009087"
            })
    void shouldFindValidNumbersAndRefuseThemWithAnotherLastDigit(String rule, String text) {
        List<PiiSpan> spans = annotator.annotate(text, "und_Zyyy");

        assertThat(spans).extracting(PiiSpan::detail).as(text).containsExactly(rule);
        assertThat(text.substring(spans.get(0).start(), spans.get(0).end())).matches("(?s).*[0-9A-Z].*");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "CUIL 20-12345678-7",
                "85.07.30-033.29",
                "529.982.247-26",
                "111.111.111-11",
                "SIN 130 692 545",
                "756.9217.0769.86",
                "30.686.957-5",
                "11010519491231002Y",
                "11010519491331002X",
                "710319/2746",
                "Steuer-ID 86 095 742 718",
                "12345678A",
                "X1234567M",
                "131052-308U",
                "2 55 08 14 168 025 39",
                "NHS 943 476 5918",
                "QQ 12 34 56 C",
                "A123456(4)",
                "Aadhaar 2341 2341 2347",
                "RSSMRA85T10A562T",
                "900101-1234567",
                "BSN 111222334",
                "PESEL 44051401358",
                "112-233-445 96",
                "811218-9877",
                "S1234567E",
                "T.C. Kimlik No 10000000147",
                "000-12-3456",
                "666-12-3456",
                "078-05-1120",
                "912-34-5678"
            })
    void shouldRefuseNumbersOfWrongCheck(String text) {
        assertThat(annotator.annotate(text, "und_Zyyy")).isEmpty();
    }

    @Test
    void shouldRefuseBareNumbersThatNoWordAnnounces() {
        for (String number : List.of(
                "111222333",
                "44051401359",
                "86095742719",
                "2341 2341 2346",
                "10000000146",
                "943 476 5919",
                "52998224725")) {
            assertThat(annotator.annotate("item " + number + " in stock", "und_Zyyy"))
                    .as(number)
                    .isEmpty();
        }
    }

    @Test
    void shouldNotTakePartsOfLongerNumbersOrWords() {
        for (String text : List.of(
                "1536-90-4399",
                "536-90-43991",
                "536-90-4399-1",
                "2.536-90-4399",
                "x536-90-4399",
                "536-90-4399x",
                "AB12345678Z")) {
            assertThat(annotator.annotate(text, "und_Zyyy")).as(text).isEmpty();
        }
    }

    @Test
    void shouldReadDigitsOfOtherScripts() {
        assertThat(annotator.annotate("आधार २३४१ २३४१ २३४६", "hin_Deva"))
                .extracting(PiiSpan::detail)
                .containsExactly("in-aadhaar");
    }

    @Test
    void shouldHaveARuleOfItsOwnForEachName() {
        List<NumberRule> rules = NumberFinder.rules();
        Set<String> names = new TreeSet<>();
        rules.forEach(rule -> names.add(rule.name()));

        assertThat(names).hasSameSizeAs(rules).hasSize(48);
        assertThat(rules)
                .allMatch(rule -> rule.templates().stream().allMatch(NumberRule.Template::telling)
                        || !rule.words().isEmpty()
                        || rule.kind() == PiiKind.CARD);
    }
}
