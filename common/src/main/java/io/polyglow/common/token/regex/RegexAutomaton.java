package io.polyglow.common.token.regex;

import io.polyglow.common.token.regex.RegexProgram.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The deterministic automaton of a {@link RegexProgram}. A state is the list of steps that are to be tried, those that count most first, and the class of the
 * character before where the program asks for it. A match cuts off the steps that count less, so the last match seen on the way is the one that a
 * backtracking engine finds. A look at the next character is decided when that character is read, the end of the text being one.
 */
final class RegexAutomaton {
    /** The state from which nothing matches. */
    static final int DEAD = 0;

    private static final int MAX_STATES = 4096;

    private record State(List<Integer> steps, int before) {}

    private final RegexProgram program;
    private final CharacterClasses classes;
    private final boolean looksBehind;
    private final Map<State, Integer> numbers = new HashMap<>();
    private final List<State> states = new ArrayList<>();
    private final int[] starts;
    private int[] transitions = new int[64];

    RegexAutomaton(RegexProgram program, CharacterClasses classes) {
        this.program = program;
        this.classes = classes;
        looksBehind = program.looksBehind();
        number(List.of(), 0);
        starts = new int[width()];
        for (int before = 0; before < starts.length; before++) {
            starts[before] = number(List.of(program.first()), before);
        }
        for (int state = 1; state < states.size(); state++) {
            expand(state);
        }
    }

    /** Classes, and the edge of the text as the last. */
    private int width() {
        return classes.count() + 1;
    }

    private int edge() {
        return classes.count();
    }

    /** The state to begin in after a character of the given class, or at the start of a text after {@link CharacterClasses#count}. */
    int start(int before) {
        return starts[before];
    }

    boolean looksBehind() {
        return looksBehind;
    }

    /** {@code state << 1 | whether the expression has matched up to here}, from a state and the class of the next character, {@link CharacterClasses#count} at the end. */
    int next(int state, int characterClass) {
        return transitions[state * width() + characterClass];
    }

    private int number(List<Integer> steps, int before) {
        State state = new State(steps, looksBehind && !steps.isEmpty() ? before : 0);
        Integer known = numbers.get(state);
        if (known != null) {
            return known;
        }
        if (states.size() == MAX_STATES) {
            throw new RegexProblem("an expression of more than " + MAX_STATES + " states");
        }
        states.add(state);
        numbers.put(state, states.size() - 1);
        int needed = states.size() * width();
        if (needed > transitions.length) {
            transitions = Arrays.copyOf(transitions, Math.max(needed, 2 * transitions.length));
        }
        return states.size() - 1;
    }

    private void expand(int number) {
        for (int characterClass = 0; characterClass < width(); characterClass++) {
            List<Integer> following = new ArrayList<>();
            boolean matched = follow(states.get(number), characterClass, following);
            int next = number(List.copyOf(following), characterClass);
            transitions[number * width() + characterClass] = next << 1 | (matched ? 1 : 0);
        }
    }

    /** Adds the steps after the next character, in order, up to a match; answers whether there was one. */
    private boolean follow(State state, int characterClass, List<Integer> following) {
        BitSet seen = new BitSet(program.size());
        BitSet added = new BitSet(program.size());
        ArrayDeque<Integer> open = new ArrayDeque<>(state.steps());
        while (!open.isEmpty()) {
            int index = open.pop();
            if (seen.get(index)) {
                continue;
            }
            seen.set(index);
            Step step = program.step(index);
            switch (step.kind()) {
                case MATCH -> {
                    return true;
                }
                case FORK -> {
                    open.push(step.other());
                    open.push(step.next());
                }
                case LOOK -> {
                    if (holds(step, state.before(), characterClass)) {
                        open.push(step.next());
                    }
                }
                case TAKE -> {
                    boolean takes = characterClass != edge() && classes.isIn(characterClass, step.set());
                    if (takes && !added.get(step.next())) {
                        added.set(step.next());
                        following.add(step.next());
                    }
                }
            }
        }
        return false;
    }

    private boolean holds(Step step, int before, int after) {
        int seen = step.look().ahead() ? after : before;
        return seen == edge() ? step.look().atEdge() : classes.isIn(seen, step.set());
    }
}
