package io.polyglow.cluster.spark.yarn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QueueWatchTest {
    @Test
    void shouldTellWhatYarnSaysInOneLineAndAgainOnlyWhenMoreThanNumbersChange() {
        String before = QueueWatch.withoutTime(
                "[Mon Nov 30 18:00:01 +0000 2026] Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.\n"
                        + "  Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = <memory:1024, vCores:1>");
        String after = QueueWatch.withoutTime(
                "[Mon Nov 30 18:00:09 +0000 2026] Application is added to the scheduler and is not yet activated. Queue's AM resource limit exceeded.\n"
                        + "  Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = <memory:2048, vCores:1>");
        assertThat(before)
                .startsWith("Application is added")
                .endsWith(
                        "limit exceeded. Details : AM Partition = <DEFAULT_PARTITION>; AM Resource Request = <memory:1024, vCores:1>");
        assertThat(QueueWatch.topic(after)).isEqualTo(QueueWatch.topic(before)).endsWith("limit exceeded.");
        assertThat(
                        QueueWatch.topic(
                                QueueWatch.withoutTime(
                                        "[Mon Nov 30 18:00:09 +0000 2026] Application is Activated, waiting for resources to be assigned for AM. Details : x")))
                .isEqualTo("Application is Activated, waiting for resources to be assigned for AM.");
    }
}
