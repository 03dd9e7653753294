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
                assertThat(tenthsInCommon(plant.get(i - 1), plant.get(i)))
                        .isEqualTo(plant.get(i).tenths());
            }
        }
    }

    @Test
    void shouldShareNothingBetweenPlantsButFamilies() {
        Map<List<String>, Long> owners = new HashMap<>();
        int misses = 0;
        for (int i = 0; i < DOCUMENTS; i++) {
            Planted document = planted.document(i);
            misses += document.isNearMiss() ? 1 : 0;
            long owner = document.isNearMiss() ? -1 - (misses - 1) / PlantedDuplicates.FAMILY : document.plant();
            for (List<String> run : runsOfFive(document.text())) {
                assertThat(owners.putIfAbsent(run, owner)).isIn(null, owner);
            }
        }
        assertThat(misses).isEqualTo(2 * PlantedDuplicates.FAMILY);
    }

    @Test
    void shouldGiveNearMissesExactlyTheSimilarityOfTheirFamily() {
        List<Planted> misses = new ArrayList<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            if (planted.document(i).isNearMiss()) {
                misses.add(planted.document(i));
            }
        }
        int family = PlantedDuplicates.FAMILY;
        assertThat(misses.subList(0, family)).allMatch(miss -> miss.tenths() == 5);
        assertThat(misses.subList(family, 2 * family)).allMatch(miss -> miss.tenths() == 4);
        for (int first : new int[] {0, family}) {
            for (int i = first + 1; i < first + family; i++) {
                assertThat(tenthsInCommon(misses.get(first), misses.get(i)))
                        .isEqualTo(misses.get(i).tenths());
                assertThat(tenthsInCommon(misses.get(i - 1), misses.get(i)))
                        .isEqualTo(misses.get(i).tenths());
            }
        }
        assertThat(misses).extracting(Planted::plant).doesNotHaveDuplicates();
    }

    private static double tenthsInCommon(Planted a, Planted b) {
        Set<List<String>> first = runsOfFive(a.text());
        Set<List<String>> second = runsOfFive(b.text());
        Set<List<String>> common = new HashSet<>(first);
        common.retainAll(second);
        return 10.0 * common.size() / (first.size() + second.size() - common.size());
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
