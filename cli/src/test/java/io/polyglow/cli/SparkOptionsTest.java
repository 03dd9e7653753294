package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Where data jobs run, and what is said when they cannot. */
class SparkOptionsTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = new Console(
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false,
            () -> 0);

    @TempDir
    private Path folder;

    private int run(String... args) {
        return Main.execute(console, new StandardOutput(OutputStream.nullOutputStream()), false, args);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private SparkSession session(String... args) {
        SparkOptions options = new SparkOptions();
        new CommandLine(options).parseArgs(args);
        return options.session(console, "test");
    }

    private int trainTokenizer(String master) throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "the quick brown fox\n".repeat(100));
        return run(
                "tokenizer",
                "train",
                "--input",
                text.toString(),
                "--vocab-size",
                "270",
                "--output",
                folder.resolve("tokenizer.json").toString(),
                "--master",
                master);
    }

    @ParameterizedTest
    @ValueSource(strings = {"foo", "local[x]", "local[0]", "spark://nowhere"})
    void shouldExitWith64WhenThereIsNoSuchMaster(String master) throws IOException {
        assertThat(trainTokenizer(master)).isEqualTo(64);

        assertThat(err()).contains("--master is spark://host:port").doesNotContain("bug of ours");
    }

    @ParameterizedTest
    @ValueSource(strings = {"cluster", "somewhere"})
    void shouldExitWith64BeforeAnythingIsMadeWhenTheDriverCannotRunThere(String mode) {
        Path made = folder.resolve("run");
        String config = System.getProperty("polyglow.root") + "/configs/train/nano.yaml";

        int code = run(
                "train",
                config,
                "--set",
                "data=" + folder,
                "--set",
                "run=" + made,
                "--master",
                "local[1]",
                "--deploy-mode",
                mode);

        assertThat(code).isEqualTo(64);
        assertThat(err()).contains("--deploy-mode");
        assertThat(made).doesNotExist();
    }

    @Test
    void shouldExitWith65WhenThereIsNothingToRead() {
        String missing = folder.resolve("missing").toString();

        assertThat(run("prepare", "what-if", missing, "--master", "local[1]")).isEqualTo(65);

        assertThat(err()).contains(missing).contains("Check the path.").doesNotContain("bug of ours");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select nothing from range(1)",
                "select from where",
                "select raise_error(concat('no ', id)) from range(1)"
            })
    void shouldBlameTheQuestionForWhatSparkCannotAnswer(String question) {
        try (SparkSession session = session("--master", "local[1]")) {
            Exception failure =
                    Assertions.catchException(() -> session.sql(question).collectAsList());

            PolyglowException explained = QueryCommand.explained(failure);
            assertThat(explained.kind()).isEqualTo(ErrorKind.USAGE);
            assertThat(explained).hasMessageStartingWith("The SQL cannot be answered: ");
            assertThat(explained.getMessage().lines()).hasSize(1);
        }
    }

    @Test
    void shouldTakeTheMasterOfTheOptionOverThatOfTheProperties() {
        try (SparkSession session = session("--conf", "spark.master=local[3]", "--master", "local[2]")) {
            assertThat(session.sparkContext().master()).isEqualTo("local[2]");
        }
        try (SparkSession session = session("--conf", "spark.master=local[3]")) {
            assertThat(session.sparkContext().master()).isEqualTo("local[3]");
        }
    }

    /** Executors that are processes of their own find our classes. */
    @Test
    void shouldRunADataJobOnALocalCluster() throws IOException {
        assertThat(trainTokenizer("local-cluster[1,1,1024]")).as(err()).isZero();

        assertThat(out.toString(StandardCharsets.UTF_8)).contains("Tokenizer: 270 ids");
    }

    /** Spark would end the process with a code of its own. */
    @Test
    void shouldExitWith69WhenATaskRunsOutOfMemory() {
        try (SparkSession session = session("--master", "local[1]")) {
            JavaSparkContext context = new JavaSparkContext(session.sparkContext());
            Throwable failure = Assertions.catchThrowable(
                    () -> context.parallelize(List.of(1)).foreach(number -> {
                        throw new OutOfMemoryError("Java heap space");
                    }));

            assertThat(OrdinaryFailures.ofMemory(failure)).hasMessageContaining("POLYGLOW_HEAP");
        }
    }
}
