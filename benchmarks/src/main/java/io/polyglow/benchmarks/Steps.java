package io.polyglow.benchmarks;

/** Steps of a process: those that warm up, then those that are timed. */
record Steps(int warmup, int timed) {
    private static final int FEWEST_WARMUP = 1;
    private static final int FEWEST_TIMED = 2;

    int all() {
        return warmup + timed;
    }

    /** As many of each as fit into so many seconds, in the same proportion, but at least one that warms up and two that are timed, where there are. */
    Steps within(double seconds, double secondsPerStep) {
        double share = seconds / (secondsPerStep * all());
        if (share >= 1) {
            return this;
        }
        return new Steps(fewer(warmup, share, FEWEST_WARMUP), fewer(timed, share, FEWEST_TIMED));
    }

    private static int fewer(int count, double share, int fewest) {
        return Math.min(count, Math.max(fewest, (int) (count * share)));
    }
}
