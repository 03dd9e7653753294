package io.polyglow.dataprep.dedup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import io.polyglow.dataprep.dedup.DecontaminationConfig.Action;
import io.polyglow.dataprep.dedup.EvaluationIndex.Hit;
import io.polyglow.dataprep.dedup.EvaluationIndex.Item;
import io.polyglow.dataprep.doc.Edits;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Evaluation items in documents: what is found, where, and what follows. */
class EvaluationIndexTest {
    private static final String QUESTION =
            "Which of the following rivers, 3 in all, flows through the capital of the country that Ada left in 1828?";
    private static final String SHORT = "How many moons does the planet Mars have?";

    private static DecontaminationConfig config(Action action) {
        return new DecontaminationConfig(Map.of(), null, 13, 8, action, 0, 2, 10, 1000);
    }

    private static EvaluationIndex index(Item... items) {
        EvaluationIndex.Builder builder = new EvaluationIndex.Builder(config(Action.DROP));
        List.of(items).forEach(builder::add);
        return builder.build();
    }

    private static List<Hit> hits(EvaluationIndex index, String document) {
        return index.hits(document, new SimplifiedText());
    }

    @Test
    void shouldFindACopyInOtherDressAndSayWhereItIs() {
        String copy = "which of the FOLLOWING rivers (7 in all) flows through the capital of the country that Ada";
        String document = "Some words before. " + copy + " visited, and some words after it.";

        assertThat(hits(index(new Item("geo", "test.jsonl:4", QUESTION)), document))
                .containsExactly(new Hit(
                        "geo", "test.jsonl:4", 5, document.indexOf(copy), document.indexOf(copy) + copy.length()));
    }

    @Test
    void shouldNotMindTwelveWordsInCommonNorTheSameWordsInAnotherOrder() {
        EvaluationIndex index = index(new Item("geo", "1", QUESTION));

        assertThat(hits(index, "which of the following rivers 3 in all flows through the town of Bern"))
                .isEmpty();
        assertThat(hits(index, "1828 in left Ada that country the of capital the through flows all in 3 rivers"))
                .isEmpty();
    }

    @Test
    void shouldLookForShortItemsAsAWholeAndPassOverThoseTooShort() {
        EvaluationIndex index =
                index(new Item("qa", "1", SHORT), new Item("qa", "2", "What is the capital of France?"));

        assertThat(index.texts()).isEqualTo(1);
        assertThat(hits(index, "He asked: how many moons does the planet mars have today?"))
                .hasSize(1);
        assertThat(hits(index, "how many moons does the planet Venus have? what is the capital of France?"))
                .isEmpty();
    }

    @Test
    void shouldCompareScriptsWithoutSpacesByCharacters() {
        String item = "下列哪一项是中华人民共和国的首都以及最大的城市之一请选择正确答案";
        EvaluationIndex index = index(new Item("zh", "1", item));

        List<Hit> hits = hits(index, "题目:" + item.substring(2, 28) + "。完");

        assertThat(hits).containsExactly(new Hit("zh", "1", 3, 3, 29));
        assertThat(hits(index, item.substring(2, 25))).isEmpty();
    }

    @Test
    void shouldTellEverySetButOnlyTheFirstItemOfASet() {
        EvaluationIndex index =
                index(new Item("a", "1", QUESTION), new Item("a", "2", QUESTION), new Item("b", "9", QUESTION));

        assertThat(hits(index, QUESTION))
                .extracting(Hit::set, Hit::item)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("a", "1"), org.assertj.core.groups.Tuple.tuple("b", "9"));
    }

    @Test
    void shouldRefuseMoreNgramsThanThereIsRoomFor() {
        DecontaminationConfig small = new DecontaminationConfig(Map.of(), null, 13, 8, Action.DROP, 0, 2, 10, 6);

        EvaluationIndex.Builder builder = new EvaluationIndex.Builder(small);

        assertThatThrownBy(() -> builder.add(new Item("geo", "f:1", QUESTION)))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("more than 6 n-grams")
                .hasMessageContaining("f:1");
    }

    @Test
    void shouldSpreadNgramsOverAsManySlotsAsTheBoundAllows() {
        int slots = 1 << 28;
        int[] used = new int[256];
        RandomStream random = RandomStream.of(1, "slots", 0);
        for (int i = 0; i < 256 * 1000; i++) {
            used[EvaluationIndex.slot(random.nextLong(), slots) / (slots / used.length)]++;
        }

        // five standard deviations
        assertThat(Arrays.stream(used).boxed()).allSatisfy(n -> assertThat(n).isBetween(840, 1160));
        assertThat(EvaluationIndex.slot(-1, 8)).isBetween(0, 7);
    }

    @Test
    void shouldDropReportOrCut() {
        String document = "x".repeat(30) + ". " + QUESTION + " " + "y".repeat(30);
        List<Hit> hits = hits(index(new Item("geo", "4", QUESTION)), document);

        assertThat(Contamination.decide(document, hits, config(Action.DROP)).reason())
                .isEqualTo("contaminated: geo 4 (8 n-grams, 0 allowed)");
        assertThat(Contamination.decide(document, List.of(), config(Action.DROP))
                        .reason())
                .isNull();
        assertThat(Contamination.decide(document, hits, config(Action.REPORT)))
                .isEqualTo(new Contamination(null, List.of()));
        Contamination cut = Contamination.decide(document, hits, config(Action.CUT));
        assertThat(cut.reason()).isNull();
        assertThat(Edits.apply(document, cut.edits())).isEqualTo("x".repeat(22) + "\n" + "y".repeat(22));
    }

    @Test
    void shouldDropWhatWouldHaveToBeCutTooOftenAndNeverHalveACharacter() {
        String faces = "\ud83d\ude00".repeat(40);
        String once = SHORT + faces;
        EvaluationIndex index = index(new Item("qa", "1", SHORT));

        Contamination cut = Contamination.decide(once + once, hits(index, once + once), config(Action.CUT));
        String text = once.repeat(3);

        String left = Edits.apply(once + once, cut.edits());
        assertThat(left.codePoints().allMatch(c -> c == 0x1F600 || c == '\n')).isTrue();
        assertThat(Contamination.decide(text, hits(index, text), config(Action.CUT))
                        .reason())
                .isEqualTo("contaminated: qa 1 (3 places, 2 may be cut)");
    }
}
