package io.polyglow.common.token.regex;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A regular expression in Oniguruma's syntax, as Hugging Face's library reads it, over UTF-8. Finds what a backtracking engine finds, by an automaton: one look-up for each
 * character, no recursion, and time linear in the text whatever the expression ({@link DeadEnds}). {@code \s}, {@code \d}, {@code \w} and {@code \p} mean
 * Unicode, of the version of {@link io.polyglow.common.text.Unicode}. A byte that is not UTF-8 is a character that no property has.
 *
 * <p>Not known, and refused by name: back references, atomic groups, possessive quantifiers of groups, repetitions of what may be empty, looks ahead or behind at
 * more than one character, and, where case is ignored, anything but ASCII. Immutable.
 */
public final class TextRegex {
    /** Takes the parts of a text, from left to right. */
    @FunctionalInterface
    public interface Parts {
        /** The part that ends at {@code end}, and begins where the one before ends; empty where the expression matches nothing. */
        void part(int end, boolean isMatch);
    }

    private static final int NONE = -1;

    private final CharacterClasses classes;
    private final RegexAutomaton automaton;

    private TextRegex(CharacterClasses classes, RegexAutomaton automaton) {
        this.classes = classes;
        this.automaton = automaton;
    }

    /**
     * Reads an expression.
     *
     * @throws RegexProblem if it is broken, has something that is not known, or needs too much memory
     */
    public static TextRegex of(String regex) {
        RegexProgram program = new RegexProgram(RegexParser.parse(regex));
        List<BitSet> sets = IntStream.range(0, program.size())
                .mapToObj(i -> program.step(i).set())
                .distinct()
                .toList();
        CharacterClasses classes = new CharacterClasses(sets);
        return new TextRegex(classes, new RegexAutomaton(program, classes));
    }

    /** The expression that a text itself is. */
    public static TextRegex ofText(String text) {
        StringBuilder regex = new StringBuilder();
        text.codePoints().forEach(c -> regex.append(String.format(Locale.ROOT, "\\x{%X}", c)));
        return of(regex.toString());
    }

    /** Cuts {@code utf8[start, limit)} into matches and what is between; nothing beyond is looked at. */
    public void cut(byte[] utf8, int start, int limit, Parts parts) {
        DeadEnds deadEnds = new DeadEnds();
        int lastMatch = NONE;
        int lastPart = start;
        for (int at = start; at <= limit; ) {
            int end = match(utf8, start, at, limit, deadEnds);
            if (end == NONE || (end == at && at == lastMatch)) {
                at = at == limit ? limit + 1 : at + (classes.at(utf8, at, limit) >>> 8);
                continue;
            }
            if (at > lastPart) {
                parts.part(at, false);
            }
            parts.part(end, true);
            lastPart = end;
            lastMatch = end;
            at = end;
        }
        if (limit > lastPart) {
            parts.part(limit, false);
        }
    }

    /** The end of the match that begins at {@code at}, or {@link #NONE}. */
    private int match(byte[] utf8, int start, int at, int limit, DeadEnds deadEnds) {
        int edge = classes.count();
        int before = !automaton.looksBehind() || at == start ? edge : classes.before(utf8, start, at);
        int state = automaton.start(before);
        int end = NONE;
        deadEnds.begin();
        for (int here = at; state != RegexAutomaton.DEAD; ) {
            int found = here < limit ? classes.at(utf8, here, limit) : edge;
            int next = automaton.next(state, found & 0xFF);
            if ((next & 1) != 0) {
                end = here;
                deadEnds.begin();
            } else if (deadEnds.isOne(here, state)) {
                break;
            }
            if (here >= limit) {
                break;
            }
            here += found >>> 8;
            state = next >>> 1;
        }
        deadEnds.end();
        return end;
    }
}
