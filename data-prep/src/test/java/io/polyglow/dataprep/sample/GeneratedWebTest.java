package io.polyglow.dataprep.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.Json;
import io.polyglow.dataprep.dedup.MinHash;
import io.polyglow.dataprep.dedup.Shingles;
import io.polyglow.dataprep.dedup.Sketcher;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class GeneratedWebTest {
    private final GeneratedWeb web = new GeneratedWeb(3);

    @Test
    void shouldGiveTheSameDocumentForTheSameIndex() {
        assertThat(new GeneratedWeb(3).text(1234)).isEqualTo(web.text(1234));
        assertThat(new GeneratedWeb(4).text(1234)).isNotEqualTo(web.text(1234));
    }

    @Test
    void shouldPlantCopiesAndChangedCopies() {
        assertThat(web.text(200)).isEqualTo(web.text(250));
        List<Double> similarities = LongStream.range(0, 20)
                .map(group -> 100 * group + 5)
                .mapToObj(changed -> similarity(web.text(changed), web.text(changed + 50)))
                .toList();
        assertThat(similarities).filteredOn(similarity -> similarity < 1).hasSizeGreaterThan(5);
        assertThat(similarities).filteredOn(similarity -> similarity > 0.6).hasSizeGreaterThan(15);
    }

    @Test
    void shouldPlantPersonalDataAndJunk() {
        assertThat(web.text(311)).contains("@mail.example.org", "+49 30 ");
        assertThat(web.text(308)).startsWith("menu home login\n");
    }

    @Test
    void shouldWriteManyScripts() {
        Set<Character.UnicodeScript> scripts = new TreeSet<>();
        LongStream.range(13, 100)
                .forEach(index ->
                        scripts.add(Character.UnicodeScript.of(web.text(index).codePointAt(0))));

        assertThat(scripts)
                .contains(
                        Character.UnicodeScript.LATIN,
                        Character.UnicodeScript.CYRILLIC,
                        Character.UnicodeScript.ARABIC,
                        Character.UnicodeScript.HAN,
                        Character.UnicodeScript.THAI);
    }

    @Test
    void shouldWriteOneLineOfJsonForEachDocument() {
        String line = web.line(42);

        assertThat(line).doesNotContain("\n");
        assertThat(Json.parseObject("line", line.getBytes(StandardCharsets.UTF_8))
                        .getString("text"))
                .isEqualTo(web.text(42));
    }

    private static double similarity(String first, String second) {
        Sketcher sketcher = new Sketcher(new MinHash(14, 8));
        return Shingles.jaccard(
                sketcher.sketch(first).shingles(), sketcher.sketch(second).shingles());
    }
}
