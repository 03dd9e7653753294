package io.polyglow.dataprep.dedup;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;

/**
 * The members of a band's group that all other members are compared with: the {@value #MOST} smallest of the earlier corpus and the {@value #MOST} smallest
 * of this one. Groups of up to {@value #MOST} documents are thus compared pair by pair, and a group of a million costs eight million comparisons rather than
 * 5 * 10^11. Whoever leads depends on the members alone, not on the order in which they come.
 */
public final class Leaders implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Leaders from each corpus. */
    public static final int MOST = 8;

    private final List<Member> earlier = new ArrayList<>(1);
    private final List<Member> own = new ArrayList<>(1);

    /**
     * A document in a group.
     *
     * @param node its {@link Nodes name}
     * @param size number of its distinct shingles
     */
    public record Member(String node, int size) implements Serializable {}

    /** Takes a member in, if it is among the smallest. */
    public Leaders add(Member member) {
        List<Member> leaders = Nodes.isEarlier(member.node) ? earlier : own;
        int at = leaders.size();
        while (at > 0 && leaders.get(at - 1).node.compareTo(member.node) > 0) {
            at--;
        }
        if (at < MOST) {
            leaders.add(at, member);
        }
        if (leaders.size() > MOST) {
            leaders.remove(MOST);
        }
        return this;
    }

    /** Takes in the leaders of another part of the same group. */
    public Leaders merge(Leaders other) {
        other.earlier.forEach(this::add);
        other.own.forEach(this::add);
        return this;
    }

    /**
     * Hands over the leaders that a member is to be compared with: smaller ones, of a size that makes {@code similarity} possible. Documents of the
     * earlier corpus have been compared with one another before.
     */
    public void partners(Member member, double similarity, Consumer<Member> partners) {
        if (!Nodes.isEarlier(member.node)) {
            offer(earlier, member, similarity, partners);
            offer(own, member, similarity, partners);
        }
    }

    private static void offer(Collection<Member> leaders, Member member, double similarity, Consumer<Member> partners) {
        for (Member leader : leaders) {
            if (leader.node.compareTo(member.node) < 0 && Shingles.bound(leader.size, member.size) >= similarity) {
                partners.accept(leader);
            }
        }
    }
}
