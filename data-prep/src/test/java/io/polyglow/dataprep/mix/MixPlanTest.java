package io.polyglow.dataprep.mix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.PeerFiles;
import io.polyglow.dataprep.doc.Digest;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class MixPlanTest {
    private static final List<String> LANGUAGES = List.of("eng", "deu", "swh", "wol");

    /** English is 92,000 times Yoruba in mC4 (Chung et al. 2023); so are the ends of this list. */
    private static final double[] SIZES = {9700, 800, 50, 0.105};

    @Test
    void shouldFlattenSizesByTemperature() {
        assertThat(shares("policy=temperature", "alpha=0.3", "total-tokens=1"))
                .containsExactly(new double[] {.584343, .276416, .120317, .018923}, within(1e-6));
        assertThat(Allocation.of(powers(0.3), infinite(), 1))
                .containsExactly(new double[] {.584343, .276416, .120317, .018923}, within(1e-6));
        assertThat(Allocation.of(powers(0.7), infinite(), 1))
                .containsExactly(new double[] {.833528, .145326, .020867, .000279}, within(1e-6));
    }

    @Test
    void shouldGiveEqualSharesUntilALanguageHasBeenRepeatedOftenEnough() {
        assertThat(amounts("policy=unimax", "max-epochs=1", "total-tokens=1000"))
                .containsExactly(new double[] {474.9475, 474.9475, 50, .105}, within(1e-9));
        assertThat(amounts("policy=unimax", "max-epochs=5", "total-tokens=1000"))
                .containsExactly(new double[] {374.7375, 374.7375, 250, .525}, within(1e-9));
    }

    @Test
    void shouldShareAmongTheOthersWhatALanguageWithoutWeightDoesNotTake() {
        assertThat(Allocation.of(new double[] {1, 0, 1}, new double[] {4000, 0, 40}, 1010))
                .containsExactly(970, 0, 40);
    }

    @Property(tries = 200)
    void shouldSpendTheBudgetOrReachEveryCap(
            @ForAll @Size(min = 1, max = 8) List<@DoubleRange(min = 0.01, max = 1000) Double> sizes,
            @ForAll @DoubleRange(min = 0.01, max = 5) double maxEpochs,
            @ForAll @DoubleRange(min = 0.1, max = 5000) double budget) {
        double[] weights = sizes.stream().mapToDouble(Math::sqrt).toArray();
        double[] caps = sizes.stream().mapToDouble(size -> maxEpochs * size).toArray();

        double[] amounts = Allocation.of(weights, caps, budget);

        assertThat(DoubleStream.of(amounts).sum())
                .isCloseTo(Math.min(budget, DoubleStream.of(caps).sum()), within(1e-6));
        double level = IntStream.range(0, caps.length)
                .filter(i -> amounts[i] < caps[i] * (1 - 1e-9))
                .mapToDouble(i -> amounts[i] / weights[i])
                .max()
                .orElse(0);
        for (int i = 0; i < caps.length; i++) {
            assertThat(amounts[i]).isLessThanOrEqualTo(caps[i]);
            if (amounts[i] < caps[i] * (1 - 1e-9)) {
                assertThat(amounts[i] / weights[i]).isCloseTo(level, within(1e-6 * level));
            } else {
                assertThat(amounts[i] / weights[i]).isLessThanOrEqualTo(level == 0 ? 1e9 : level * (1 + 1e-6));
            }
        }
    }

    @Test
    void shouldTakeTheWeightsOfTheUser() {
        assertThat(shares("policy=weights", "weights.eng=2", "weights.*=1", "total-tokens=1", "max-epochs=1000"))
                .containsExactly(new double[] {.4, .2, .2, .2}, within(1e-9));
        assertUsage("mix.weights has no weight for deu", "policy=weights", "weights.eng=2");
        assertUsage("mix.weights names fra", "policy=weights", "weights.fra=2", "weights.*=1");
        assertThatThrownBy(() -> config("weights.eng=2"))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("goes with policy: weights");
    }

    @Test
    void shouldCountDocumentsBySourceAndByTheSizeOfTheirCluster() {
        MixConfig config = config(
                "source-weights.wiki/=3",
                "source-weights.wiki/bad=0.5",
                "cluster-weights.1=1",
                "cluster-weights.2=2",
                "cluster-weights.3=3",
                "cluster-weights.5=5",
                "cluster-weights.100=8",
                "cluster-weights.1000=1");
        DocumentWeights weights = DocumentWeights.of(config);

        assertThat(IntStream.of(1, 2, 3, 4, 5, 99, 100, 999, 1000, 5000).mapToDouble(size -> weights.weight("x", size)))
                .containsExactly(1.0, 2.0, 3.0, 3.0, 5.0, 5.0, 8.0, 8.0, 1.0, 1.0);
        assertThat(weights.weight("wiki/a.txt", 2)).isEqualTo(6);
        assertThat(weights.weight("wiki/bad/a.txt", 1)).isEqualTo(0.5);
        assertThat(weights.group("other/wiki/")).isEqualTo("*");
        assertThat(config.isAsIs()).isFalse();
        assertThat(config().isAsIs()).isTrue();
        assertThat(config()).isEqualTo(MixConfig.AS_IS);
    }

    /** FineWeb-2's weights for Italian, up to ten copies ({@code misc/rehydration/weights/up_to_10_reps.json}; its readme has 75 for 76 and 123 for 122). */
    private static final String ITALIAN =
            "1:1 2:3 3:4 4:5 5:6 7:7 8:8 11:9 17:10 26:9 31:8 46:7 52:6 63:5 76:4 96:3 118:2 122:3 125:2 145:1";

    @Test
    void shouldRehydrateAsFineWeb2Does() throws IOException {
        DocumentWeights weights = DocumentWeights.of(config(Arrays.stream(ITALIAN.split(" "))
                .map(step -> "cluster-weights." + step.replace(':', '='))
                .toArray(String[]::new)));
        assertThat(IntStream.of(1, 6, 7, 16, 17, 25, 26, 144, 145, 9999).mapToDouble(size -> weights.weight("x", size)))
                .containsExactly(1.0, 6.0, 7.0, 9.0, 10.0, 10.0, 9.0, 2.0, 1.0, 1.0);
        JsonObject sizes = Json.parseObject(
                "ita_Latn.json",
                PeerFiles.read("huggingface/fineweb-2/misc/rehydration/distributions/ita_Latn.json", ""));
        JsonArray counts = sizes.getArray("cluster_post_filtering_doc_counts");
        long before = sizes.getLong("tail_post_filtering_doc_counts");
        double after = before * weights.weight("x", sizes.getLong("tail_threshold"));
        for (int i = 0; i < counts.size(); i++) {
            long documents = counts.getLong(i, 0, Long.MAX_VALUE);
            before += documents;
            after += documents
                    * weights.weight("x", sizes.getArray("cluster_sizes").getLong(i, 1, 172));
        }
        assertThat(before).isEqualTo(238_984_437);
        assertThat(after).isEqualTo(965_462_863);
    }

    @Test
    void shouldRepeatDocumentsAsOftenAsPlannedOnAverageAndTheSameEverywhere() {
        MixPlan plan = plan("policy=unimax", "max-epochs=5", "total-tokens=10000");
        List<String> ids = IntStream.range(0, 10_000)
                .mapToObj(i -> Digest.documentId("f", i))
                .toList();

        double epochs = Objects.requireNonNull(plan.epochs().get("deu"));
        double mean = ids.stream()
                .mapToInt(id -> plan.of(id, "deu", "f", 1))
                .average()
                .orElseThrow();

        assertThat(epochs).isBetween(4.0, 5.0);
        assertThat(mean).isCloseTo(epochs, within(0.02));
        assertThat(ids).allMatch(id -> plan.of(id, "deu", "f", 1) >= 4 && plan.of(id, "deu", "f", 1) <= 5);
        assertThat(plan.of(ids.get(0), "not planned", "f", 1)).isZero();
    }

    @Test
    void shouldTellTokensAndEpochsOfEachLanguageBeforeAnythingIsWritten() {
        MixPlan plan = plan("policy=unimax", "max-epochs=5", "total-tokens=1000000");

        assertThat(plan.table().lines().toList().get(0))
                .contains("language")
                .contains("epochs")
                .contains("~ tokens");
        assertThat(plan.table()).contains("swh").contains("5.000");
        assertThat(plan.table().lines().toList().get(3).split(" +"))
                .containsExactly("swh", "1", "50", "25", "5.000", "125", "0.96", "%");
        assertThat(plan.json().getArray("languages").objects())
                .extracting(row -> row.getString("language"))
                .containsExactly("deu", "eng", "swh");
        assertThat(plan.json().getLong("planned_bytes")).isEqualTo(plan.plannedBytes());
    }

    /** A character of Hindi takes three bytes, one of English takes one. */
    @Test
    void shouldShareTokensNotBytes() {
        List<MixGroup> groups = List.of(
                new MixGroup("eng_Latn", "*", 10, 4_000_000, 4_000_000),
                new MixGroup("hin_Deva", "*", 10, 9_000_000, 9_000_000));
        Map<String, Double> bytesPerToken = Map.of("eng_Latn", 4.0, "hin_Deva", 9.0);

        MixPlan plan = MixPlan.of(config("policy=unimax", "total-tokens=500000"), groups, bytesPerToken, 1);

        assertThat(plan.json().getArray("languages").objects())
                .extracting(row -> row.getLong("planned_tokens"))
                .containsExactly(250_000L, 250_000L);
        assertThat(plan.json().getArray("languages").objects())
                .extracting(row -> row.getLong("planned_bytes"))
                .containsExactly(1_000_000L, 2_250_000L);
        assertThatThrownBy(() -> MixPlan.of(config(), groups, Map.of("eng_Latn", 4.0), 1))
                .hasMessageContaining("not measured on hin_Deva");
    }

    @Test
    void shouldRefuseWeightsOfLanguagesThatAreNotThereBeforeATokenizerIsTrained() {
        List<MixGroup> groups = List.of(new MixGroup("eng", "*", 1, 10, 10));

        assertThatThrownBy(
                        () -> MixPlan.requireWeights(config("policy=weights", "weights.fra=2", "weights.*=1"), groups))
                .hasMessageContaining("mix.weights names fra");
        assertThatThrownBy(() -> MixPlan.requireWeights(
                        config("policy=weights", "weights.eng=2"),
                        List.of(groups.get(0), new MixGroup("deu", "*", 1, 10, 10))))
                .hasMessageContaining("no weight for deu");
        MixPlan.requireWeights(config("policy=weights", "weights.eng=2"), groups);
        MixPlan.requireWeights(config("policy=unimax"), groups);
    }

    /** Megatron-LM's readme and its rule, docs/formats of the peers' facts: S4. */
    @Test
    void shouldBlendInTheOrderOfMegatron() {
        assertThat(blend(16, .5, .25, .25)).containsExactly(0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 0);
        assertThat(blend(20, .7, .2, .1)).containsExactly(0, 1, 0, 2, 0, 0, 1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 1, 0, 0, 0);
        MegatronBlend blend = new MegatronBlend(new double[] {.5, .25, .25});
        List<Long> samples = IntStream.range(0, 4)
                .mapToObj(i -> blend.drawn(blend.next()) - 1)
                .toList();
        assertThat(samples).containsExactly(0L, 0L, 0L, 1L);
    }

    /** nanotron's {@code docs/nanoset.md}: the same order; a data set of {@code lengths[i]} samples begins again at its end. */
    @Test
    void shouldBlendInTheOrderOfNanosets() {
        int[] lengths = {8, 2, 5, 5};
        MegatronBlend blend = new MegatronBlend(new double[] {.1, .5, .3, .1});
        List<Integer> sets = new ArrayList<>();
        List<Long> samples = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            int set = blend.next();
            sets.add(set);
            samples.add((blend.drawn(set) - 1) % lengths[set]);
        }
        assertThat(sets).containsExactly(1, 2, 0, 1, 3, 1, 2, 1, 2, 1, 0, 1, 2, 1, 3, 1, 2, 1, 2, 1);
        assertThat(samples)
                .containsExactly(0L, 0L, 0L, 1L, 0L, 0L, 1L, 1L, 2L, 0L, 1L, 1L, 3L, 0L, 1L, 1L, 4L, 0L, 0L, 1L);
    }

    @Test
    void shouldNeverDrawAWholeSampleTooManyWhenWeightsAreExtreme() {
        MegatronBlend blend = new MegatronBlend(new double[] {.001, .999});
        for (int i = 1; i <= 10_000; i++) {
            blend.next();
            assertThat(blend.drawn(0)).isLessThanOrEqualTo((long) Math.ceil(.001 * i));
            assertThat(blend.drawn(1)).isLessThanOrEqualTo((long) Math.ceil(.999 * i));
        }
    }

    /** Where no language runs out, a plan for n samples gives each what Megatron would draw of it in n steps, to less than a sample. */
    @Test
    void shouldShareAsMegatronBlends() {
        double[] weights = {.5, .3, .15, .05};
        MegatronBlend blend = new MegatronBlend(weights);
        for (int draws = 1; draws <= 500; draws++) {
            blend.next();
            double[] amounts = amounts(
                    "policy=weights",
                    "weights.eng=0.5",
                    "weights.deu=0.3",
                    "weights.swh=0.15",
                    "weights.wol=0.05",
                    "max-epochs=1000",
                    "total-tokens=" + draws);
            for (int i = 0; i < weights.length; i++) {
                assertThat(amounts[i]).isCloseTo((double) blend.drawn(i), within(1.0));
            }
        }
    }

    private static List<Integer> blend(int draws, double... weights) {
        MegatronBlend blend = new MegatronBlend(weights);
        return IntStream.range(0, draws).mapToObj(i -> blend.next()).toList();
    }

    private static double[] powers(double alpha) {
        return Arrays.stream(SIZES).map(size -> Math.pow(size, alpha)).toArray();
    }

    private static double[] infinite() {
        return new double[] {Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE, Double.MAX_VALUE};
    }

    private static double[] amounts(String... overrides) {
        return MixPlan.amounts(config(overrides), LANGUAGES, SIZES);
    }

    private static double[] shares(String... overrides) {
        double[] amounts = amounts(overrides);
        double sum = DoubleStream.of(amounts).sum();
        return Arrays.stream(amounts).map(amount -> amount / sum).toArray();
    }

    private static MixPlan plan(String... overrides) {
        List<MixGroup> groups = List.of(
                new MixGroup("eng", "*", 97, 9700, 9700),
                new MixGroup("deu", "*", 8, 800, 800),
                new MixGroup("swh", "*", 1, 50, 50));
        return MixPlan.of(config(overrides), groups, Map.of("eng", 4.0, "deu", 5.0, "swh", 2.0), 1);
    }

    private static void assertUsage(String message, String... overrides) {
        assertThatThrownBy(() -> amounts(overrides))
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining(message);
    }

    private static MixConfig config(String... overrides) {
        return ConfigFile.load(MixConfig.class, "mix.yaml", "", List.of(overrides))
                .value();
    }
}
