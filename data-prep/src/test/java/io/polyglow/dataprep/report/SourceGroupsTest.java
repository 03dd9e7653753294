package io.polyglow.dataprep.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SourceGroupsTest {
    @Test
    void shouldShowFewFilesOneByOne() {
        SourceGroups groups = SourceGroups.of(List.of("de.txt", "web/2024/a.warc.gz", "web/2025/a.warc.gz"));

        assertThat(groups.of("web/2025/a.warc.gz")).isEqualTo("web/2025/a.warc.gz");
        assertThat(groups.of("de.txt")).isEqualTo("de.txt");
    }

    @Test
    void shouldShowManyFilesByTheDeepestFoldersThatAreFew() {
        List<String> files = IntStream.range(0, 5000)
                .mapToObj(i -> "web/" + i % 7 + "/part-" + i + ".jsonl")
                .toList();

        assertThat(SourceGroups.of(files).of("web/3/part-3.jsonl")).isEqualTo("web/3/");
    }

    @Test
    void shouldShowAFlatFolderOfManyFilesAsOne() {
        List<String> files = IntStream.range(0, 5000).mapToObj(i -> i + ".html").toList();

        assertThat(SourceGroups.of(files).of("3.html")).isEmpty();
    }
}
