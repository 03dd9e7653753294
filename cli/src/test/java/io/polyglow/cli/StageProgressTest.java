package io.polyglow.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.spark.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StageProgressTest {
    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private long nowNs = 1;
    private final StageProgress progress = new StageProgress(
            new Console(new PrintStream(shown, true, UTF_8), new PrintStream(shown, true, UTF_8), true, () -> nowNs),
            "prepare",
            () -> nowNs);

    @Test
    void shouldTellWhenTheStageAtHandEndsWhateverTheOthersTook() {
        hear(0, new Progress(1, 12, "read (unchanged)", 0));
        hear(0, new Progress(1, 12, "read (unchanged)", 1));
        hear(1, new Progress(2, 12, "annotate", 0));

        hear(60, new Progress(2, 12, "annotate", 0.02));

        assertThat(last()).contains("  2 %", "ETA 49 min 00 s", "2/12 annotate");
        hear(540, new Progress(2, 12, "annotate", 0.2));
        assertThat(last()).contains(" 20 %", "ETA 40 min 00 s");
        hear(2400, new Progress(2, 12, "annotate", 1));
        assertThat(last()).contains("  2/12 annotate (3000.0 s)");
    }

    @Test
    void shouldTellOfTheStepAtHandOfAStageOfSeveral() {
        hear(0, new Progress(5, 12, "deduplicate", 0));
        hear(5, new Progress(5, 12, "deduplicate", "step 1 of 7, exact duplicates", 0.99));

        hear(100, new Progress(5, 12, "deduplicate", "step 2 of 7, sketches", 0));

        assertThat(last())
                .contains("  0 %", "5/12 deduplicate: step 2 of 7, sketches")
                .doesNotContain("ETA");
        hear(30, new Progress(5, 12, "deduplicate", "step 2 of 7, sketches", 0.25));
        assertThat(last()).contains(" 25 %", "ETA 1 min 30 s");
        hear(15, new Progress(5, 12, "deduplicate", 1));
        assertThat(last()).contains("5/12 deduplicate (150.0 s)");
    }

    private void hear(int secondsLater, Progress heard) {
        nowNs += TimeUnit.SECONDS.toNanos(secondsLater);
        progress.progress(heard);
    }

    /** What stands on the terminal's last line. */
    private String last() {
        return shown.toString(UTF_8).stripTrailing().replaceAll("(?s).*[\n\r]", "");
    }
}
