package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.SystemNanoClock;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("nightly")
class PrepareBenchTest {
    @TempDir
    private Path folder;

    @Test
    void shouldTellWhatEachStageOfWebTextCosts() throws Exception {
        List<String> news = new ArrayList<>();

        JsonObject result = PrepareBench.run(
                LocalSpark.session(),
                new PrepareBench.Settings(List.of(4), 1, List.of("tokenizer.vocab-size=2000")),
                folder,
                SystemNanoClock.INSTANCE,
                news::add);

        JsonObject row = result.getArray("rows").getObject(0);
        assertThat(row.getLong("documents")).isEqualTo(479);
        assertThat(row.getLong("kept_documents")).isBetween(300L, 430L);
        assertThat(row.getObject("rejected").names())
                .contains("exact duplicate", "near duplicate", "gopher-quality.words");
        assertThat(row.getObject("stages").names()).contains("read", "annotate", "deduplicate", "write shards");
        assertThat(row.getObject("steps").names()).contains("equal shingles");
        assertThat(result.getDouble("seconds_per_gb_last_over_first")).isEqualTo(1);
        assertThat(news).anyMatch(line -> line.startsWith("  annotate: "));
    }
}
