package io.polyglow.common.token.regex;

import java.util.BitSet;
import java.util.List;

/** A parsed regular expression. */
sealed interface Node {
    /** One character of a set of code points. */
    record One(BitSet set) implements Node {}

    /** One after the other; nothing when empty. */
    record All(List<Node> parts) implements Node {}

    /** The first that leads to a match. */
    record Either(List<Node> choices) implements Node {}

    /** {@code min} to {@code max} times, {@link #UNBOUNDED} for any; as often as possible first when {@code greedy}, else as seldom. */
    record Repeat(Node node, int min, int max, boolean greedy) implements Node {}

    /**
     * Takes nothing and holds where the next character ({@code ahead}) or the one before is of the set, and at the end or start of the text when
     * {@code atEdge}.
     */
    record Look(boolean ahead, BitSet set, boolean atEdge) implements Node {}

    int UNBOUNDED = Integer.MAX_VALUE;

    /** Whether it can match without taking a character. */
    default boolean canBeEmpty() {
        if (this instanceof One) {
            return false;
        }
        if (this instanceof All all) {
            return all.parts().stream().allMatch(Node::canBeEmpty);
        }
        if (this instanceof Either either) {
            return either.choices().stream().anyMatch(Node::canBeEmpty);
        }
        return !(this instanceof Repeat repeat)
                || repeat.min() == 0
                || repeat.node().canBeEmpty();
    }
}
