package io.polyglow.dataprep.spark;

import io.polyglow.common.config.ConfigFile;
import java.util.List;

/** A process that prepares a corpus and dies, without any clean-up, when a stage begins. */
final class KilledPrepare {
    static final int EXIT_CODE = 137;

    private KilledPrepare() {}

    /** Takes input, output and the name of the stage. */
    public static void main(String[] arguments) {
        PrepareConfig config = ConfigFile.load(
                        PrepareConfig.class,
                        "killed.yaml",
                        "",
                        List.of(
                                "input=" + arguments[0],
                                "output=" + arguments[1],
                                "tokenizer.vocab-size=300",
                                "filter.on=false",
                                "dedup.near.enabled=false"))
                .value();
        PrepareJob.run(LocalSpark.session(), config, progress -> {
            if (progress.name().equals(arguments[2])) {
                Runtime.getRuntime().halt(EXIT_CODE);
            }
        });
    }
}
