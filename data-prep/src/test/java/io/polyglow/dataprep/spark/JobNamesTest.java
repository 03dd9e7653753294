package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeoutException;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What Spark's UI shows of a run. */
@Tag("nightly")
class JobNamesTest extends PrepareFixture {
    @Test
    void shouldPutEveryJobOfARunIntoAGroupThatSaysWhatRuns() throws IOException, TimeoutException {
        Path exam = Files.writeString(directory.resolve("exam.txt"), "line of the corpus that nobody wrote\n");
        spark.createDataFrame(List.of(RowFactory.create("asked in a table")), new StructType().add("text", "string"))
                .write()
                .parquet(directory.resolve("asked").toString());
        PrepareJob.run(spark, config("earlier", "dedup.near.enabled=true", "filter.on=false"), ProgressListener.SILENT);
        Files.writeString(input.resolve("more.txt"), "a text that is not in the earlier corpus");
        PrepareConfig config = config(
                "out",
                "dedup.near.enabled=true",
                "dedup.against=[" + directory.resolve("earlier") + "]",
                "dedup.lines.min-documents=2",
                "dedup.paragraphs.min-documents=2",
                "decontamination.sets={exam: " + exam + ", asked: " + directory.resolve("asked") + "}",
                "mix.policy=temperature",
                "mix.alpha=0.5",
                "tokenizer.language-alpha=0.5",
                "tokenizer.max-pre-tokens=1000");

        List<String> jobs = named(() -> PrepareJob.run(spark, config, ProgressListener.SILENT));
        assertThat(jobs)
                .noneMatch(job -> job.contains("null"))
                .allMatch(job -> job.matches("prepare \\d+ of 15, .* -> .+"));
        Set<String> all = new TreeSet<>(jobs);
        assertThat(all)
                .contains(
                        "prepare 1 of 15, hash inputs -> prepare: hash inputs",
                        "prepare 1 of 15, hash inputs -> hash evaluation sets",
                        "prepare 2 of 15, read -> prepare: read",
                        "prepare 6 of 15, sketch -> prepare: sketch",
                        "prepare 7 of 15, deduplicate -> equal shingles",
                        "prepare 10 of 15, plan -> prepare: plan",
                        "prepare 14 of 15, report -> prepare: report");

        assertThat(named(() -> PrepareJob.run(spark, config, ProgressListener.SILENT)))
                .isNotEmpty()
                .noneMatch(job -> job.contains("null"));
        assertThat(named(() -> LanguageAgreement.of(spark, config.output(), config.languageId())))
                .isNotEmpty()
                .allMatch(job -> job.equals(
                        "prepare --report 1 of 1, ask language models -> prepare --report: ask language models"));
    }

    /** The jobs that something runs, as {@code group -> description}. */
    private List<String> named(Runnable work) throws TimeoutException {
        List<String> jobs = Collections.synchronizedList(new java.util.ArrayList<>());
        SparkListener listener = new SparkListener() {
            @Override
            public void onJobStart(SparkListenerJobStart start) {
                jobs.add(start.properties().getProperty("spark.jobGroup.id") + " -> "
                        + start.properties().getProperty("spark.job.description"));
            }
        };
        spark.sparkContext().addSparkListener(listener);
        try {
            work.run();
            spark.sparkContext().listenerBus().waitUntilEmpty();
        } finally {
            spark.sparkContext().removeSparkListener(listener);
        }
        return jobs;
    }
}
