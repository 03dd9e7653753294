package io.polyglow.cluster.member;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.cluster.member.RankCard.Fact;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static final SortedMap<Fact, String> FACTS =
            new TreeMap<>(Map.of(Fact.CONFIG, "c0ffee", Fact.BUILD, "0.1.0", Fact.ENGINE, "cpu", Fact.DTYPE, "bf16"));

    @Test
    void shouldReadBackWhatACardSays() {
        RankCard card = new RankCard(1, 2, 7, "host\n\"7\"", 4711, "10.0.0.7:40123", FACTS);
        assertThat(RankCard.decode(card.encode())).isEqualTo(card);
        assertThat(card.encode()).doesNotContain("\n");
    }

    @Test
    void shouldListAddressesInRankOrderWhenAllAgree() {
        Membership membership = Membership.agree(2, messages(card(0, FACTS), card(1, FACTS), card(2, FACTS)));
        assertThat(membership.worldSize()).isEqualTo(3);
        assertThat(membership.epoch()).isEqualTo(7);
        assertThat(membership.self().rank()).isEqualTo(2);
        assertThat(membership.addresses()).containsExactly("h0:1", "h1:1", "h2:1");
    }

    @Test
    void shouldNameFactsAndRanksWhenMachinesDiffer() {
        refused(card(0, FACTS), card(1, with(Fact.ENGINE, "reference")), card(2, with(Fact.BUILD, "0.2.0")))
                .satisfies(e -> assertThat(((PolyglowException) e).kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageContaining("build: rank 0+1 has 0.1.0, rank 2 has 0.2.0")
                .hasMessageContaining("engine: rank 0+2 has cpu, rank 1 has reference");
    }

    @Test
    void shouldBlameTheConfigWhenItDiffers() {
        refused(card(0, FACTS), card(1, with(Fact.CONFIG, "beef")))
                .satisfies(e -> assertThat(((PolyglowException) e).kind()).isEqualTo(ErrorKind.USAGE))
                .hasMessageContaining("config: rank 1 has beef, rank 0 has c0ffee");
    }

    @Test
    void shouldRefuseARankThatDoesNotTellAFact() {
        SortedMap<Fact, String> fewer = new TreeMap<>(FACTS);
        fewer.remove(Fact.DTYPE);
        refused(card(0, FACTS), card(1, fewer)).hasMessageContaining("dtype: rank 0 has bf16, rank 1 has unknown");
    }

    @Test
    void shouldFenceRanksOfAnotherAttempt() {
        RankCard old = new RankCard(1, 2, 6, "h1", 1, "h1:1", FACTS);
        refused(new RankCard(0, 2, 7, "h0", 1, "h0:1", FACTS), old)
                .satisfies(e -> assertThat(((PolyglowException) e).kind()).isEqualTo(ErrorKind.FENCED))
                .hasMessageContaining("attempt 6")
                .hasMessageContaining("attempt 7");
    }

    @Test
    void shouldRefuseRanksInTheWrongPlace() {
        refused(card(1, FACTS), card(0, FACTS)).hasMessageContaining("place 0 holds rank 1");
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> refused(RankCard... cards) {
        return assertThatThrownBy(() -> Membership.agree(0, messages(cards))).isInstanceOf(PolyglowException.class);
    }

    private static SortedMap<Fact, String> with(Fact fact, String value) {
        SortedMap<Fact, String> facts = new TreeMap<>(FACTS);
        facts.put(fact, value);
        return facts;
    }

    private static RankCard card(int rank, SortedMap<Fact, String> facts) {
        return new RankCard(rank, 3, 7, "h" + rank, 1, "h" + rank + ":1", facts);
    }

    /** As Spark's allGather returns them. */
    private static List<String> messages(RankCard... cards) {
        List<String> messages = new ArrayList<>();
        for (RankCard card : cards) {
            messages.add(new RankCard(
                            card.rank(),
                            cards.length,
                            card.epoch(),
                            card.host(),
                            card.pid(),
                            card.address(),
                            card.facts())
                    .encode());
        }
        return messages;
    }
}
