package io.polyglow.engine.nd4j;

import java.util.ArrayList;
import java.util.List;

/**
 * Memory for the intermediate results of one kernel. Arrays that ND4J allocates by itself are freed when the garbage collector gets to them, and until
 * then have often filled the machine; so every operation gets its result from here. A kernel takes the same pieces on every call: their views are kept.
 */
final class Scratch implements AutoCloseable {
    private static final int MULTIPLE = 16;
    private static final int FIRST_SIZE = 1 << 16;

    private final List<Floats> outgrown = new ArrayList<>();
    private Floats memory = new Floats("scratch", FIRST_SIZE);
    private long used;

    /** Takes everything back; called at the start of each kernel. */
    void reset() {
        used = 0;
        outgrown.forEach(Floats::close);
        outgrown.clear();
    }

    /** Memory of unknown content, until the next reset. */
    Run take(long elements) {
        if (used + elements > memory.size()) {
            outgrown.add(memory);
            memory = new Floats("scratch", Math.max(2 * memory.size(), elements + MULTIPLE));
            used = 0;
        }
        Run run = new Run(memory, used);
        used += (elements + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
        return run;
    }

    @Override
    public void close() {
        reset();
        memory.close();
    }
}
