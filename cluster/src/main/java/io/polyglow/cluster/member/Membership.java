package io.polyglow.cluster.member;

import io.polyglow.cluster.member.RankCard.Fact;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The ranks of one attempt, in rank order, after everybody has agreed. Made by {@link #agree} from the cards of all ranks, by each
 * rank for itself and with the same outcome.
 */
public record Membership(int rank, List<RankCard> cards) {
    /** Copies the cards. */
    public Membership {
        cards = List.copyOf(cards);
    }

    /** Number of ranks. */
    public int worldSize() {
        return cards.size();
    }

    /** Number of the attempt. */
    public int epoch() {
        return self().epoch();
    }

    /** This rank's card. */
    public RankCard self() {
        return cards.get(rank);
    }

    /** The transport addresses in rank order. */
    public List<String> addresses() {
        return cards.stream().map(RankCard::address).toList();
    }

    /**
     * Checks that the messages come from ranks 0 to {@code messages.size() - 1} of one epoch, and that all facts agree; otherwise
     * an error that lists the facts that differ and who has which value: {@code USAGE} if configs differ, {@code ENVIRONMENT} if machines
     * do, {@code FENCED} if an older attempt takes part.
     */
    public static Membership agree(int rank, List<String> messages) {
        List<RankCard> cards = messages.stream().map(RankCard::decode).toList();
        for (int i = 0; i < cards.size(); i++) {
            RankCard card = cards.get(i);
            if (card.rank() != i || card.worldSize() != cards.size()) {
                throw new PolyglowException(
                        ErrorKind.BUG,
                        "Rendezvous of " + cards.size() + " ranks: place " + i + " holds rank " + card.rank() + " of "
                                + card.worldSize() + " (" + card.host() + ", pid " + card.pid() + ").");
            }
        }
        requireOneEpoch(cards);
        requireSameFacts(cards);
        return new Membership(rank, cards);
    }

    private static void requireOneEpoch(List<RankCard> cards) {
        Map<String, List<Integer>> ranksByEpoch = new TreeMap<>();
        cards.forEach(card -> add(ranksByEpoch, "attempt " + card.epoch(), card.rank()));
        if (ranksByEpoch.size() > 1) {
            throw new PolyglowException(
                    ErrorKind.FENCED, "Ranks of different attempts met: " + describe(ranksByEpoch) + ".");
        }
    }

    private static void requireSameFacts(List<RankCard> cards) {
        List<String> problems = new ArrayList<>();
        ErrorKind kind = ErrorKind.ENVIRONMENT;
        for (Fact fact : Fact.values()) {
            Map<String, List<Integer>> ranksByValue = new TreeMap<>();
            cards.forEach(card -> add(ranksByValue, card.fact(fact), card.rank()));
            if (ranksByValue.size() > 1) {
                problems.add(fact.key() + ": " + describe(ranksByValue));
                kind = fact == Fact.CONFIG ? ErrorKind.USAGE : kind;
            }
        }
        if (!problems.isEmpty()) {
            throw new PolyglowException(
                    kind,
                    "The ranks do not agree, so they would not compute the same bits: " + String.join("; ", problems)
                            + ". Give every executor the same Polyglow, Java, kind of processor and corpus, and start again.");
        }
    }

    private static void add(Map<String, List<Integer>> ranksByValue, String value, int rank) {
        ranksByValue.computeIfAbsent(value, v -> new ArrayList<>()).add(rank);
    }

    private static String describe(Map<String, List<Integer>> ranksByValue) {
        List<String> parts = new ArrayList<>();
        ranksByValue.forEach((value, ranks) -> parts.add("rank " + join(ranks) + " has " + value));
        return String.join(", ", parts);
    }

    private static String join(List<Integer> ranks) {
        return String.join("+", ranks.stream().map(String::valueOf).toList());
    }
}
