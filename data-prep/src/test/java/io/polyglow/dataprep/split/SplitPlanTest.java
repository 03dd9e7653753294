package io.polyglow.dataprep.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.doc.Digest;
import io.polyglow.dataprep.split.SplitPlan.Mode;
import io.polyglow.dataprep.split.SplitPlan.Piece;
import io.polyglow.dataprep.split.SplitPlan.Side;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SplitPlanTest {
    @Test
    void shouldHoldOutTheWantedFractionOfDocuments() {
        SplitPlan plan = new SplitPlan(Mode.DOCUMENTS, 0.1, 7);

        assertThat(ids(10_000).stream()
                        .filter(id -> side(plan, id) == Side.VALIDATION)
                        .count())
                .isBetween(900L, 1100L);
    }

    @Test
    void shouldMakeNoPieceOfAnEmptyText() {
        assertThat(new SplitPlan(Mode.DOCUMENTS, 0.1, 7).pieces("id", "")).isEmpty();
        assertThat(new SplitPlan(Mode.CONTIGUOUS, 0.1, 7).pieces("id", "")).isEmpty();
    }

    @Test
    void shouldMoveNoDocumentFromValidationWhenMoreIsHeldOut() {
        SplitPlan less = new SplitPlan(Mode.DOCUMENTS, 0.1, 7);
        SplitPlan more = new SplitPlan(Mode.DOCUMENTS, 0.2, 7);

        assertThat(ids(1000)).allMatch(id -> side(less, id) == Side.TRAIN || side(more, id) == Side.VALIDATION);
    }

    @Property(tries = 100)
    void shouldLeaveNeitherSideEmptyWhenThereAreTwoDocuments(
            @ForAll @IntRange(min = 2, max = 20) int documents,
            @ForAll @DoubleRange(min = 0.01, max = 0.5) double validation,
            @ForAll long seed) {
        SplitPlan wanted = new SplitPlan(Mode.DOCUMENTS, validation, seed);
        List<String> ids = ids(documents);
        double smallest = ids.stream().mapToDouble(wanted::draw).min().orElseThrow();
        double largest = ids.stream().mapToDouble(wanted::draw).max().orElseThrow();

        SplitPlan plan = wanted.withBothSides(smallest, largest);

        assertThat(ids.stream().map(id -> side(plan, id)).collect(Collectors.toSet()))
                .hasSize(2);
    }

    @Test
    void shouldTrainOnASingleDocument() {
        SplitPlan wanted = new SplitPlan(Mode.DOCUMENTS, 0.5, 7);
        for (String id : ids(20)) {
            assertThat(side(wanted.withBothSides(wanted.draw(id), wanted.draw(id)), id))
                    .isEqualTo(Side.TRAIN);
        }
    }

    @Test
    void shouldCutCharactersNotHalvesOfThem() {
        SplitPlan plan = new SplitPlan(Mode.CONTIGUOUS, 0.25, 1);

        assertThat(plan.pieces("x", "👍👍👍👍"))
                .containsExactly(new Piece(Side.TRAIN, "👍👍👍"), new Piece(Side.VALIDATION, "👍"));
        assertThat(plan.pieces("x", "a")).containsExactly(new Piece(Side.VALIDATION, "a"));
        assertThat(new SplitPlan(Mode.CONTIGUOUS, 0, 1).pieces("x", "abc"))
                .containsExactly(new Piece(Side.TRAIN, "abc"));
    }

    @Test
    void shouldSpreadDocumentsOverShardsInOrder() {
        ShardPlan plan = ShardPlan.of(1000, 90, 100, 3);

        assertThat(plan.trainShards()).isEqualTo(10);
        assertThat(plan.validationShards()).isEqualTo(1);
        assertThat(plan.name(9)).isEqualTo("train-00009");
        assertThat(plan.name(10)).isEqualTo("validation-00000");
        assertThat(plan.shard(Side.TRAIN, 0)).isZero();
        assertThat(plan.shard(Side.TRAIN, Long.MAX_VALUE)).isEqualTo(9);
        assertThat(plan.shard(Side.VALIDATION, Long.MAX_VALUE)).isEqualTo(10);
        var sizes = ids(10_000).stream()
                .collect(Collectors.groupingBy(id -> plan.shard(Side.TRAIN, plan.key(id)), Collectors.counting()));
        assertThat(sizes).hasSize(10);
        assertThat(sizes.values()).allMatch(size -> size > 850 && size < 1150);
    }

    private static Side side(SplitPlan plan, String id) {
        return plan.pieces(id, "text").get(0).side();
    }

    @Test
    void shouldRefuseMoreShardsThanThereAreNames() {
        assertThat(ShardPlan.of(100_000L << 20, 1, 1 << 20, 3).trainShards()).isEqualTo(100_000);
        assertThatThrownBy(() -> ShardPlan.of((100_000L << 20) + 1, 1, 1 << 20, 3))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("Raise shards.text-bytes");
    }

    private static List<String> ids(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> Digest.documentId("f", i))
                .toList();
    }
}
