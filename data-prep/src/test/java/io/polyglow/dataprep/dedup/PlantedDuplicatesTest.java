package io.polyglow.dataprep.dedup;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.dedup.PlantedDuplicates.Planted;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** The yardstick is checked before anything is measured with it. */
class PlantedDuplicatesTest {
    private static final int DOCUMENTS = 2000;

    private final PlantedDuplicates planted = new PlantedDuplicates(DOCUMENTS, 5);

    /** Counted over words, without our own shingles. */
    private static Set<List<String>> runsOfFive(String text) {
        List<String> words = List.of(text.toLowerCase(java.util.Locale.ROOT).split("[^a-z]+"));
        Set<List<String>> runs = new HashSet<>();
        for (int i = 0; i + 5 <= words.size(); i++) {
            runs.add(words.subList(i, i + 5));
        }
        return runs;
    }

    @Test
    void shouldGivePlantsExactlyTheirSimilarity() {
        Map<Long, List<Planted>> plants = new HashMap<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            Planted document = planted.document(i);
            plants.computeIfAbsent(document.plant(), p -> new ArrayList<>()).add(document);
        }

        assertThat(plants.values().stream().filter(p -> p.get(0).pair())).hasSize(400);
        for (List<Planted> plant : plants.values()) {
            for (int i = 1; i < plant.size(); i++) {
                Set<List<String>> first = runsOfFive(plant.get(i - 1).text());
                Set<List<String>> second = runsOfFive(plant.get(i).text());
                Set<List<String>> common = new HashSet<>(first);
                common.retainAll(second);

                assertThat(10 * common.size())
                        .isEqualTo(plant.get(i).tenths() * (first.size() + second.size() - common.size()));
            }
        }
    }

    @Test
    void shouldShareNothingBetweenPlants() {
        Map<List<String>, Long> owners = new HashMap<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            Planted document = planted.document(i);
            for (List<String> run : runsOfFive(document.text())) {
                assertThat(owners.putIfAbsent(run, document.plant())).isIn(null, document.plant());
            }
        }
    }

    @Test
    void shouldSpellEachNumberInAWordOfItsOwn() {
        Set<String> words = new HashSet<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            words.addAll(List.of(planted.document(i).text().split("[^a-z]+")));
        }

        assertThat(words).hasSizeGreaterThan(60_000).allMatch(word -> word.length() == 6);
    }
}
