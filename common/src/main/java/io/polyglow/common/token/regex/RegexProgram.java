package io.polyglow.common.token.regex;

import io.polyglow.common.token.regex.Node.All;
import io.polyglow.common.token.regex.Node.Either;
import io.polyglow.common.token.regex.Node.Look;
import io.polyglow.common.token.regex.Node.One;
import io.polyglow.common.token.regex.Node.Repeat;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * A regular expression as steps (Thompson 1968), in which the order of choices is that of a backtracking engine. A step is its kind, what it asks for, and
 * which step follows.
 */
final class RegexProgram {
    /** Kinds of steps. */
    enum Kind {
        /** The expression has matched. */
        MATCH,
        /** Takes a character of a set. */
        TAKE,
        /** Asks for the character before or after. */
        LOOK,
        /** Goes on with two steps, the first of which counts more. */
        FORK
    }

    /**
     * @param set what to take or to look for
     * @param look of {@link Kind#LOOK}: where to look
     * @param next the step that follows
     * @param other the second step of a fork
     */
    record Step(Kind kind, BitSet set, Look look, int next, int other) {}

    private static final int MAX_STEPS = 4096;
    private static final BitSet NO_SET = new BitSet();
    private static final Look NO_LOOK = new Look(true, NO_SET, true);

    private final List<Step> steps = new ArrayList<>();
    private final int first;

    RegexProgram(Node node) {
        first = compile(node, add(new Step(Kind.MATCH, NO_SET, NO_LOOK, 0, 0)));
    }

    int first() {
        return first;
    }

    int size() {
        return steps.size();
    }

    Step step(int index) {
        return steps.get(index);
    }

    /** Whether it asks for the character before. */
    boolean looksBehind() {
        return steps.stream()
                .anyMatch(step -> step.kind() == Kind.LOOK && !step.look().ahead());
    }

    private int add(Step step) {
        if (steps.size() == MAX_STEPS) {
            throw new RegexProblem("an expression of more than " + MAX_STEPS + " steps, repetitions written out");
        }
        steps.add(step);
        return steps.size() - 1;
    }

    /** The first step of {@code node} when step {@code next} follows it. */
    private int compile(Node node, int next) {
        if (node instanceof One one) {
            return add(new Step(Kind.TAKE, one.set(), NO_LOOK, next, 0));
        }
        if (node instanceof Look look) {
            return add(new Step(Kind.LOOK, look.set(), look, next, 0));
        }
        if (node instanceof All all) {
            return sequence(all.parts(), next);
        }
        if (node instanceof Either either) {
            return choice(either.choices(), next);
        }
        return repeat((Repeat) node, next);
    }

    private int sequence(List<Node> parts, int next) {
        int step = next;
        for (int i = parts.size() - 1; i >= 0; i--) {
            step = compile(parts.get(i), step);
        }
        return step;
    }

    private int choice(List<Node> choices, int next) {
        int step = compile(choices.get(choices.size() - 1), next);
        for (int i = choices.size() - 2; i >= 0; i--) {
            step = fork(compile(choices.get(i), next), step);
        }
        return step;
    }

    private int repeat(Repeat repeat, int next) {
        int step = repeat.max() == Node.UNBOUNDED ? loop(repeat, next) : optional(repeat, next);
        for (int i = 0; i < repeat.min(); i++) {
            step = compile(repeat.node(), step);
        }
        return step;
    }

    private int loop(Repeat repeat, int next) {
        int loop = fork(0, 0);
        int body = compile(repeat.node(), loop);
        steps.set(loop, forkStep(repeat.greedy() ? body : next, repeat.greedy() ? next : body));
        return loop;
    }

    private int optional(Repeat repeat, int next) {
        int step = next;
        for (int i = repeat.min(); i < repeat.max(); i++) {
            int body = compile(repeat.node(), step);
            step = repeat.greedy() ? fork(body, next) : fork(next, body);
        }
        return step;
    }

    private int fork(int first, int second) {
        return add(forkStep(first, second));
    }

    private static Step forkStep(int first, int second) {
        return new Step(Kind.FORK, NO_SET, NO_LOOK, first, second);
    }
}
