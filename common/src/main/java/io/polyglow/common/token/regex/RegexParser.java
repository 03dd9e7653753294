package io.polyglow.common.token.regex;

import io.polyglow.common.token.regex.Node.All;
import io.polyglow.common.token.regex.Node.Either;
import io.polyglow.common.token.regex.Node.Look;
import io.polyglow.common.token.regex.Node.One;
import io.polyglow.common.token.regex.Node.Repeat;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Reads Oniguruma's syntax (doc/RE), as far as {@link TextRegex} knows it. Everything else is refused by its name. */
final class RegexParser {
    private static final int MAX_DEPTH = 50;
    private static final int MAX_TIMES = 1000;

    private final RegexCursor in;
    private boolean ignoreCase;
    private int depth;

    private RegexParser(RegexCursor in) {
        this.in = in;
    }

    /**
     * @throws RegexProblem if the expression is broken or has something that is not known
     */
    static Node parse(String regex) {
        RegexCursor in = new RegexCursor(regex);
        Node node = new RegexParser(in).choice();
        if (!in.atEnd()) {
            throw in.problem("a ) without its (");
        }
        return node;
    }

    private Node choice() {
        if (++depth > MAX_DEPTH) {
            throw in.problem("groups within more than " + MAX_DEPTH + " others");
        }
        List<Node> choices = new ArrayList<>();
        do {
            choices.add(sequence());
        } while (in.take("|"));
        depth--;
        return choices.size() == 1 ? choices.get(0) : new Either(List.copyOf(choices));
    }

    private Node sequence() {
        List<Node> parts = new ArrayList<>();
        int before = -1;
        while (!in.atEnd() && in.peek() != '|' && in.peek() != ')') {
            int start = in.at();
            int letter = in.peek();
            Node atom = atom();
            boolean isLetter = in.at() == start + 1 && atom instanceof One;
            if (ignoreCase && isLetter) {
                requireNoLigature(before, letter);
            }
            before = isLetter ? letter : -1;
            parts.add(repeated(atom));
        }
        return parts.size() == 1 ? parts.get(0) : new All(List.copyOf(parts));
    }

    /** Where case is ignored, Oniguruma lets {@code ß} match {@code ss}. */
    private void requireNoLigature(int before, int letter) {
        String pair = (before < 0 ? "" : Character.toString(before)) + Character.toString(letter);
        if (List.of("ss", "st", "ff", "fi", "fl").contains(pair.toLowerCase(Locale.ROOT))) {
            throw in.problem("\"" + pair + "\" where case is ignored, which one character may match");
        }
    }

    private Node atom() {
        int c = in.next();
        return switch (c) {
            case '(' -> group();
            case '[' -> new One(new RegexClassParser(in, ignoreCase).parse());
            case '.' -> new One(CodePoints.not(CodePoints.of('\n')));
            case '^' -> lineStart();
            case '$' -> new Look(true, CodePoints.of('\n'), true);
            case '\\' -> escape();
            case '*', '+', '?' -> throw in.problem("a quantifier of nothing");
            default -> new One(literal(c));
        };
    }

    private BitSet literal(int c) {
        BitSet set = CodePoints.of(c);
        return ignoreCase ? new RegexClassParser(in, true).fold(set) : set;
    }

    /** The start of the text, or after a line feed that does not end it. */
    private static Node lineStart() {
        return new Either(List.of(
                new Look(false, new BitSet(), true),
                new All(List.of(
                        new Look(false, CodePoints.of('\n'), false),
                        new Look(true, CodePoints.not(new BitSet()), false)))));
    }

    private Node escape() {
        int c = in.peek();
        if (c == 'b' || c == 'B') {
            in.next();
            return boundary(c == 'b');
        }
        if (c == 'A' || c == 'z') {
            in.next();
            return new Look(c == 'z', new BitSet(), true);
        }
        return new One(new RegexClassParser(in, ignoreCase).escape());
    }

    private static Node boundary(boolean wanted) {
        BitSet word = UnicodeProperties.wordOrNumber();
        BitSet other = CodePoints.not(word);
        return new Either(List.of(
                new All(List.of(new Look(false, word, false), wanted ? ahead(other, true) : ahead(word, false))),
                new All(List.of(new Look(false, other, true), wanted ? ahead(word, false) : ahead(other, true)))));
    }

    private static Look ahead(BitSet set, boolean atEdge) {
        return new Look(true, set, atEdge);
    }

    private Node group() {
        if (!in.take("?")) {
            return closed(choice());
        }
        if (in.take("#")) {
            while (in.next() != ')') {
                // a comment
            }
            return new All(List.of());
        }
        if (in.take(":")) {
            return closed(choice());
        }
        for (String look : List.of("=", "!", "<=", "<!")) {
            if (in.take(look)) {
                return look(!look.startsWith("<"), look.endsWith("!"));
            }
        }
        if (in.take(">")) {
            throw in.problem("an atomic group (?>...)");
        }
        if (in.take("<") || in.take("P<")) {
            while (in.next() != '>') {
                // a name, which nothing refers to
            }
            return closed(choice());
        }
        return options();
    }

    private Node closed(Node node) {
        if (!in.take(")")) {
            throw in.problem("a ( without its )");
        }
        return node;
    }

    private Node options() {
        boolean before = ignoreCase;
        boolean on = !in.take("-");
        if (!in.take("i:")) {
            throw in.problem("an option other than (?i:...) and (?-i:...)");
        }
        ignoreCase = on;
        Node node = closed(choice());
        ignoreCase = before;
        return node;
    }

    private Node look(boolean ahead, boolean negative) {
        Node inner = closed(choice());
        Look look = oneCharacter(inner, ahead);
        if (look == null) {
            throw in.problem("a look ahead or behind that asks for anything but one character");
        }
        return negative ? new Look(ahead, CodePoints.not(look.set()), !look.atEdge()) : look;
    }

    private static @Nullable Look oneCharacter(Node node, boolean ahead) {
        if (node instanceof One one) {
            return new Look(ahead, one.set(), false);
        }
        if (node instanceof Look look) {
            return look.ahead() == ahead ? look : null;
        }
        if (node instanceof Repeat repeat && repeat.min() == 1 && repeat.node() instanceof One one) {
            return new Look(ahead, one.set(), false);
        }
        if (!(node instanceof Either either)) {
            return null;
        }
        BitSet set = new BitSet();
        boolean atEdge = false;
        for (Node choice : either.choices()) {
            Look look = oneCharacter(choice, ahead);
            if (look == null) {
                return null;
            }
            set.or(look.set());
            atEdge |= look.atEdge();
        }
        return new Look(ahead, set, atEdge);
    }

    private Node repeated(Node atom) {
        int @Nullable [] times = times();
        if (times == null) {
            return atom;
        }
        Node node = suffixed(atom, times[0], times[1], times.length == 3);
        if (times() != null) {
            throw in.problem("a quantifier of a quantifier");
        }
        return node;
    }

    /** Smallest and largest number; a third element when they stand in braces. Null when no quantifier follows. */
    private int @Nullable [] times() {
        if (in.take("*")) {
            return new int[] {0, Node.UNBOUNDED};
        }
        if (in.take("+")) {
            return new int[] {1, Node.UNBOUNDED};
        }
        if (in.take("?")) {
            return new int[] {0, 1};
        }
        return in.interval(MAX_TIMES);
    }

    /** {@code ?} is reluctant and {@code +} possessive; after braces {@code +} is one more quantifier, and so is {@code ?} after a fixed number. */
    private Node suffixed(Node node, int min, int max, boolean braces) {
        if (braces && in.take("+")) {
            return repeat(new Repeat(checked(node, max), min, max, true), 1, Node.UNBOUNDED, true);
        }
        if (braces && min == max && in.take("?")) {
            return repeat(new Repeat(checked(node, max), min, max, true), 0, 1, true);
        }
        if (!braces && in.take("+")) {
            return possessive(node, min, max);
        }
        return repeat(node, min, max, !in.take("?"));
    }

    private Node repeat(Node node, int min, int max, boolean greedy) {
        return new Repeat(checked(node, max), min, max, greedy);
    }

    private Node checked(Node node, int max) {
        if (max > 1 && node.canBeEmpty()) {
            throw in.problem("a repetition of what may be empty");
        }
        return node;
    }

    /** A run of one class that gives nothing back ends where the class does. */
    private Node possessive(Node node, int min, int max) {
        if (!(node instanceof One one)) {
            throw in.problem("a possessive quantifier of a group");
        }
        Look ends = ahead(CodePoints.not(one.set()), true);
        if (max == 1) {
            return new Either(List.of(one, ends));
        }
        return new All(List.of(new Repeat(one, min, max, true), ends));
    }
}
