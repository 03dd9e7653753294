package io.polyglow.dataprep.spark;

import java.util.List;

/** A process that prepares a corpus and dies, without any clean-up, when a stage begins. */
final class KilledPrepare {
    static final int EXIT_CODE = 137;

    private KilledPrepare() {}

    /** Takes the name of the stage, then the settings. */
    public static void main(String[] arguments) {
        List<String> settings = List.of(arguments).subList(1, arguments.length);
        PrepareJob.run(LocalSpark.session(), PrepareFixture.config(settings), progress -> {
            if (progress.name().equals(arguments[0])) {
                Runtime.getRuntime().halt(EXIT_CODE);
            }
        });
    }
}
