package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

/** What a user reads when YARN does not run a job; the texts of others are those of Spark 3.5 and Hadoop 3.3. */
class YarnFailuresTest {
    @Test
    void shouldSayWhatTheFirstContainerWroteLast() {
        PolyglowException failure = YarnFailures.explain(
                new SparkException(
                        """
                Application application_17_0010 failed 2 times due to AM Container for appattempt_17_0010_000002 exited with  exitCode: 127
                Failing this attempt.Diagnostics: [2026-11-30 12:09:26.505]Exception from container-launch.
                Container id: container_17_0010_02_000001
                Exit code: 127

                [2026-11-30 12:09:26.507]Container exited with a non-zero exit code 127. Error file: prelaunch.err.
                Last 4096 bytes of prelaunch.err :
                Last 4096 bytes of stderr :
                /bin/bash: line 1: /nonexistent/bin/java: No such file or directory


                For more detailed output, check the application tracking page: http://localhost:19088/cluster/app/application_17_0010
                . Failing the application."""));

        assertThat(failure)
                .isInstanceOfSatisfying(
                        PolyglowException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.ENVIRONMENT))
                .hasMessageStartingWith("YARN ended the application: Application application_17_0010 failed 2 times")
                .hasMessageContaining(": /bin/bash: line 1: /nonexistent/bin/java: No such file or directory. More")
                .hasMessageEndingWith("yarn logs -applicationId application_17_0010");
    }

    @Test
    void shouldSayWhyAContainerCouldNotBeStartedAtAll() {
        PolyglowException failure = YarnFailures.explain(
                new SparkException(
                        """
                Application application_17_0002 failed 2 times due to AM Container for appattempt_17_0002_000002 exited with  exitCode: -1000
                Failing this attempt.Diagnostics: [2026-11-30 11:56:05.183]java.nio.file.NoSuchFileException: /opt/spark.jar
                For more detailed output, check the application tracking page.
                . Failing the application."""));

        assertThat(failure)
                .hasMessageContaining("exitCode: -1000: java.nio.file.NoSuchFileException: /opt/spark.jar. More");
    }

    @Test
    void shouldPassOnWhyYarnRefuses() {
        YarnException refusal =
                new YarnException("Failed to submit application_17_0005 to YARN : unknown queue: nosuch");

        assertThat(YarnFailures.explain(new IllegalStateException(refusal)))
                .hasMessage("YARN refused the application: " + refusal.getMessage() + ".");
    }

    @Test
    void shouldTellWhatToDoAboutAContainerThatIsTooLarge() {
        IllegalArgumentException tooLarge = new IllegalArgumentException(
                "Required executor memory (6144 MB) is above the max threshold (4096 MB) of this cluster!");
        assertThat(YarnFailures.explain(tooLarge)).as("thrown by somebody else").isNull();

        tooLarge.setStackTrace(new StackTraceElement[] {
            new StackTraceElement("org.apache.spark.deploy.yarn.Client", "verifyClusterResources", "Client.scala", 402)
        });
        assertThat(YarnFailures.explain(tooLarge))
                .hasMessageContaining("(4096 MB) of this cluster!")
                .hasMessageContaining("Lower spark.executor.memory");
    }
}
