package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command line as a user meets it: help, exit codes and messages, without Spark. */
class CommandsTest {
    private static final Path ROOT = Path.of(System.getProperty("polyglow.root"));
    private static final String NANO = ROOT.resolve("configs/train/nano.yaml").toString();

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @TempDir
    private Path folder;

    private Console console() {
        return new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                () -> 0);
    }

    /** Help goes where results go. */
    private CommandLine commandLine() {
        return Main.commandLine(console(), false)
                .setOut(new PrintWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8), true));
    }

    private int run(String... args) {
        return commandLine().execute(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void shouldDescribeEveryCommandAndOptionInHelp() {
        Map<String, CommandLine> commands = commandLine().getSubcommands();

        assertThat(commands.keySet())
                .containsExactlyInAnyOrder(
                        "quickstart",
                        "sample",
                        "prepare",
                        "query",
                        "plan",
                        "train",
                        "resume",
                        "evaluate",
                        "generate",
                        "inspect",
                        "lineage",
                        "takedown",
                        "copy",
                        "tokenizer",
                        "config",
                        "bench",
                        "doctor",
                        "help");
        commands.forEach((name, command) -> {
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
            command.getCommandSpec().options().forEach(option -> assertThat(option.description())
                    .as(name + " " + option.longestName())
                    .isNotEmpty());
        });
    }

    @Test
    void shouldExitWith64AndPointToHelpWhenAnOptionIsUnknown() {
        assertThat(run("train", NANO, "--sets", "a=b")).isEqualTo(64);

        assertThat(err()).contains("--sets").contains("polyglow train --help");
    }

    @Test
    void shouldNameAnUnknownOptionRatherThanWhatIsMissing() {
        assertThat(run("train", "--bogus")).isEqualTo(64);

        assertThat(err()).contains("Unknown option").contains("--bogus");
    }

    @Test
    void shouldNotBreakWhatOneCopiesFromHelp() {
        assertThat(run("inspect", "--help")).isZero();
        assertThat(run("prepare", "--help")).isZero();
        assertThat(run("train", "--help")).isZero();

        assertThat(out())
                .contains("hdfs://nn:8020/corpora/web")
                .contains("--set output=hdfs://nn:8020/corpora/web")
                .contains("spark.executor.memory=4g");
    }

    @Test
    void shouldNameEveryTableThatCanBeAsked() {
        assertThat(run("query", "--help")).isZero();

        assertThat(out().lines().map(line -> line.strip().split(" ", 2)[0]))
                .contains("documents", "annotations", "decisions", "contamination", "duplicates", "passages")
                .contains("kept", "outcomes");
    }

    @Test
    void shouldTellPreparesOwnCommandsFromItsConfig() {
        assertThat(run("prepare")).isEqualTo(64);
        assertThat(err()).contains("CONFIG");
        assertThat(run("prepare", "what-if", "--help")).isZero();
        assertThat(run("prepare", "fit-thresholds", "--help")).isZero();
        assertThat(out()).contains("filter.language-score=0.75").contains("--min-documents");
        assertThat(run("prepare", "what-if", "corpus", "--set", "filter.langage-score=0.75"))
                .isEqualTo(64);
        assertThat(err()).contains("Did you mean 'language-score'?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "prepare", "config show", "plan"})
    void shouldSayThatThereIsNoSuchConfig(String command) {
        List<String> args = new ArrayList<>(List.of(command.split(" ")));
        args.add(folder.resolve("nofile.yaml").toString());

        assertThat(run(args.toArray(String[]::new))).isEqualTo(64);

        assertThat(err())
                .contains("there is no file " + folder.resolve("nofile.yaml"))
                .doesNotContain("Exception");
    }

    @Test
    void shouldNameLineAndNearestKeyWhenAConfigHasATypo() throws IOException {
        Path config = folder.resolve("typo.yaml");
        Files.writeString(config, Files.readString(Path.of(NANO)).replace("seed:", "sead:"));

        assertThat(run("train", config.toString(), "--set", "data=d", "--set", "run=r"))
                .isEqualTo(64);

        assertThat(err()).contains("typo.yaml:").contains("sead").contains("seed");
    }

    @ParameterizedTest
    @CsvSource({
        "layout.pipeline=5, layers",
        "batch.micro=5, batch.micro",
        "layout.data=3, canonical-width",
        "model.heads=3, heads",
        "dtype=f8, f8",
        "steps=0, steps"
    })
    void shouldRefuseAnImpossibleConfigBeforeAnyWork(String setting, String named) {
        int exit = run("train", NANO, "--set", "data=d", "--set", "run=" + folder.resolve("r"), "--set", setting);

        assertThat(exit).isEqualTo(64);
        assertThat(err()).contains(named);
        assertThat(folder.resolve("r")).doesNotExist();
    }

    @Test
    void shouldReportAllProblemsAtOnce() {
        assertThat(run("config", "show", NANO, "--set", "steps=0", "--set", "batch.micro=x", "--set", "sed=1"))
                .isEqualTo(64);

        assertThat(err())
                .contains("steps")
                .contains("batch.micro")
                .contains("sed")
                .contains("data")
                .contains("run");
    }

    @Test
    void shouldShowTheResolvedConfigAsYamlThatLoadsAgain() throws IOException {
        assertThat(run("config", "show", NANO, "--set", "data=d", "--set", "run=r"))
                .isZero();
        Path resolved = folder.resolve("resolved.yaml");
        Files.writeString(resolved, out());
        String first = out();
        out.reset();

        assertThat(run("config", "show", resolved.toString())).isZero();

        assertThat(out()).isEqualTo(first).contains("canonical-width");
    }

    @Test
    void shouldShowAConfigWhosePlacesAreMissing() {
        assertThat(run("config", "show", NANO)).isZero();

        assertThat(List.of(out().split("\n")))
                .contains(
                        "data: # required",
                        "run: # required",
                        "steps: 500",
                        "# no sha256 yet: data and run must be set");

        out.reset();
        assertThat(run("config", "show", NANO, "--set", "run=r")).isZero();
        assertThat(List.of(out().split("\n"))).contains("data: # required", "run: r");
    }

    @Test
    void shouldKnowAConfigOfPrepareByAnyOfItsKeys() throws IOException {
        Path config =
                Files.writeString(folder.resolve("c.yaml"), "filter:\n  language-score: 0.7\ndedup: {}\nmix: {}\n");
        assertThat(run("config", "show", config.toString())).as(err()).isZero();

        assertThat(out()).contains("input: # required", "language-score: 0.7");
    }

    @Test
    void shouldListTheKeysOfBothKindsOfConfigs() {
        assertThat(run("config", "keys", "train")).isZero();
        assertThat(run("config", "keys", "prepare")).isZero();

        assertThat(out()).contains("layout.zero").contains("tokenizer.vocab-size");
    }

    @ParameterizedTest
    @CsvSource({"inspect, 65", "resume, 64", "evaluate, 64"})
    void shouldExplainAPathThatHoldsNothing(String command, int exit) {
        assertThat(run(command, folder.resolve("nothing").toString())).isEqualTo(exit);

        assertThat(err()).contains("nothing").doesNotContain("Exception");
    }

    @Test
    void shouldRefuseToEvaluateOnNothing() {
        assertThat(run("evaluate", "run", "--sequences", "0")).isEqualTo(64);

        assertThat(err()).contains("--sequences 0: at least one held-out window is needed.");
    }

    @Test
    void shouldRefuseToPrintNoRows() {
        assertThat(run("query", "corpus", "--rows", "-1", "--json")).isEqualTo(64);

        assertThat(err()).contains("--rows -1: at least one row must be asked for.");
    }

    @Test
    void shouldMakeTheSameSampleTwiceAndRefuseToOverwrite() throws IOException {
        String[] args = {"--languages", "de,th", "--numbers", "300"};
        assertThat(run("sample", "--output", folder.resolve("a").toString(), args[0], args[1], args[2], args[3]))
                .isZero();
        assertThat(run("sample", "--output", folder.resolve("b").toString(), args[0], args[1], args[2], args[3]))
                .isZero();

        assertThat(folder.resolve("a/train/de.jsonl")).hasSameBinaryContentAs(folder.resolve("b/train/de.jsonl"));
        assertThat(run("sample", "--output", folder.resolve("a").toString())).isEqualTo(64);
        assertThat(run("sample", "--output", folder.resolve("c").toString(), "--languages", "xx"))
                .isEqualTo(64);
        assertThat(err()).contains("xx");
    }

    @Test
    void shouldExitWith74WhenACheckpointIsTruncated() throws IOException {
        Path checkpoint = folder.resolve("run/checkpoints/step-00000002");
        Files.createDirectories(checkpoint);
        Files.writeString(folder.resolve("run/config.yaml"), "");
        Files.writeString(checkpoint.resolve("manifest.json"), "{\"format\": \"polyglow-checkpoint\", \"ver");

        assertThat(run("inspect", folder.resolve("run").toString())).isEqualTo(74);

        assertThat(err()).contains("step-00000002/manifest.json").doesNotContain("Exception");
    }

    @ParameterizedTest
    @EnumSource(ErrorKind.class)
    void shouldExitWithTheCodeOfTheKind(ErrorKind kind) {
        CommandLine command = commandLine();

        int exit = new ErrorReport(console(), false)
                .handleExecutionException(
                        new IllegalStateException(new PolyglowException(kind, "what happened.")),
                        command,
                        command.parseArgs());

        assertThat(exit).isEqualTo(kind.exitCode());
        assertThat(err()).contains("what happened.");
        assertThat(err().contains("bug of ours")).isEqualTo(kind == ErrorKind.BUG);
    }

    @Test
    void shouldCallNothingABugThatOthersMayCause() throws IOException {
        ErrorReport report = new ErrorReport(console(), false);

        assertThat(report.report(new UncheckedIOException(new FileSystemException("/a/b", null, "No space left"))))
                .isEqualTo(69);
        assertThat(report.report(new SparkException("Job aborted: executor lost\nDriver stacktrace:")))
                .isEqualTo(69);
        assertThat(report.report(new SparkException("Job aborted", new OutOfMemoryError("Java heap space"))))
                .isEqualTo(69);
        assertThat(err())
                .contains("polyglow: /a/b: No space left.")
                .contains("Spark failed: Job aborted: executor lost.")
                .contains("ran out of memory: Java heap space.")
                .doesNotContain("bug of ours")
                .doesNotContain("stacktrace");
        assertThat(report.report(new SparkException("Job aborted", new NullPointerException("x"))))
                .isEqualTo(70);
        assertThat(report.report(new StackOverflowError())).isEqualTo(70);
        assertThat(report.report(new PolyglowException(ErrorKind.BUG, "ours", new IOException("x"))))
                .isEqualTo(70);
    }

    /** The user named a file that is not there. */
    @Test
    void shouldExitWith65WhenAFileIsMissing() {
        String missing = folder.resolve("missing").toString();
        String out = folder.resolve("out").toString();

        assertThat(run("takedown", folder.toString(), "--ids", missing, "--reason", "r"))
                .isEqualTo(65);
        assertThat(run("tokenizer", "export", "--tokenizer", missing, "--tiktoken", out))
                .isEqualTo(65);
        assertThat(run("tokenizer", "import", missing, "--encoding", "cl100k_base", "--to", out))
                .isEqualTo(65);
        assertThat(List.of(err().split("\n")))
                .hasSize(3)
                .allMatch(line -> line.endsWith("missing cannot be read: there is no such file or directory."));
    }

    @Test
    void shouldExitWith69WhenAFolderCannotBeMade() {
        assertThat(run("copy", folder.toString(), "/proc/polyglow/copy")).isEqualTo(69);

        assertThat(err()).contains("polyglow: /proc/polyglow").doesNotContain("bug of ours");
    }

    @Test
    void shouldSayThatALocationIsNoPath() {
        assertThat(run("inspect", "a\0b")).isEqualTo(64);

        assertThat(err()).contains("is not a path: Nul character not allowed.");
    }

    @Test
    void shouldRefuseAVocabularyWithoutRoomForTheBytesBeforeSparkStarts() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "text");
        String output = folder.resolve("tokenizer.json").toString();

        assertThat(run("tokenizer", "train", "--input", text.toString(), "--vocab-size", "100", "--output", output))
                .isEqualTo(64);

        assertThat(err()).contains("100").contains("257");
    }

    @ParameterizedTest
    @CsvSource({"--max-pre-tokens, 0", "--max-token-length, 1", "--min-frequency, -1", "--model, wordpiece"})
    void shouldRefuseSettingsOfATokenizerThatAConfigCouldNotHave(String option, String value) throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "text");
        String output = folder.resolve("tokenizer.json").toString();

        assertThat(run("tokenizer", "train", "--input", text.toString(), option, value, "--output", output))
                .isEqualTo(64);

        assertThat(err()).contains(option.substring(2)).contains(value).doesNotContain("Spark");
    }

    @Test
    void shouldNotReplaceATokenizer() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "text");
        Path there = Files.writeString(folder.resolve("tokenizer.json"), "{}");

        assertThat(run(
                        "tokenizer",
                        "train",
                        "--input",
                        text.toString(),
                        "--vocab-size",
                        "300",
                        "--output",
                        there.toString()))
                .isEqualTo(64);

        assertThat(err()).contains(there + " exists already");
        assertThat(there).hasContent("{}");
    }

    @Test
    void shouldRefuseAnInputWithNothingInItBeforeSparkStarts() throws IOException {
        Path empty = Files.createDirectory(folder.resolve("empty"));
        assertThat(prepare(folder.resolve("missing"))).isEqualTo(65);
        assertThat(prepare(empty)).isEqualTo(65);
        Files.createFile(empty.resolve("a.txt"));
        assertThat(prepare(empty)).isEqualTo(65);

        assertThat(err())
                .contains("missing does not exist")
                .contains("It holds no files")
                .contains("The file is empty")
                .doesNotContain("Spark");
    }

    private int prepare(Path input) {
        String config = ROOT.resolve("configs/prepare/udhr.yaml").toString();
        return run("prepare", config, "--set", "input=" + input, "--set", "output=" + folder.resolve("corpus"));
    }

    @Test
    void shouldCopyAFolderOrPartsOfIt() throws IOException {
        Path run = Files.createDirectories(folder.resolve("run/logs"));
        Files.writeString(run.resolve("rank-0.jsonl"), "{}");
        Files.writeString(folder.resolve("run/metrics.jsonl"), "{}{}");
        String from = folder.resolve("run").toString();

        assertThat(run("copy", from, folder.resolve("all of it").toString())).isZero();
        assertThat(run("copy", from, folder.resolve("some").toString(), "--only", "metrics.jsonl"))
                .isZero();

        assertThat(folder.resolve("all of it/logs/rank-0.jsonl")).hasContent("{}");
        assertThat(folder.resolve("some")).isDirectoryNotContaining("glob:**logs");
        assertThat(folder.resolve("some/metrics.jsonl")).hasContent("{}{}");
        assertThat(run("copy", from, folder.resolve("some").toString())).isEqualTo(64);
        assertThat(run("copy", from, from + "/itself")).isEqualTo(64);
        assertThat(run("copy", from, folder.resolve("none").toString(), "--only", "typo"))
                .isEqualTo(65);
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void shouldCheckThisMachineAndAStore() {
        int exit = run("doctor", "--json", "--store", folder.toString());

        JsonObject found = Json.parseObject("doctor", out().getBytes(StandardCharsets.UTF_8));
        assertThat(found.names()).contains("java", "flag for Aeron", "/dev/shm", "UDP", "CPU", "engine reference");
        assertThat(found.getObject("store " + folder).getBoolean("fit")).isTrue();
        assertThat(exit).isIn(0, 69);
    }

    @Test
    void shouldExitWith69WhenAStoreCannotBeWritten() {
        assertThat(run("doctor", "--store", "/proc/polyglow")).isEqualTo(69);

        assertThat(out()).contains("FAIL").contains("/proc/polyglow");
    }

    /** Byte fallback as Llama 2 has it: the same door as {@code tokenizer.file}. */
    @Test
    void shouldImportATokenizerWithByteFallback() throws IOException {
        Path file = folder.resolve("Llama (2).json");
        Path imported = folder.resolve("mein Tökenizer.json");
        Files.writeString(
                file,
                """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[],
                 "normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,"post_processor":null,
                 "decoder":{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"}]},
                 "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":true,
                  "byte_fallback":true,"ignore_merges":false,"vocab":{"<0x0A>":0,"a":1,"▁":2,"▁a":3},"merges":[["▁","a"]]}}
                """);

        assertThat(run("tokenizer", "import", file.toString(), "--to", imported.toString()))
                .as(err())
                .isZero();
        assertThat(out()).contains("Tokenizer: 4 ids, sha256 ");
        out.reset();
        Path text = Files.writeString(folder.resolve("text"), " a\n");
        assertThat(run("tokenizer", "encode", "--tokenizer", imported.toString(), "--input", text.toString()))
                .isZero();
        assertThat(out()).isEqualTo("3 0\n");
    }

    @Test
    void shouldAskForTheEncodingOfATiktokenFile() throws IOException {
        Path file = Files.writeString(folder.resolve("tokenizer.model"), "IQ== 0\nIg== 1\n");

        assertThat(run("tokenizer", "import", file.toString(), "--to", file + ".json"))
                .isEqualTo(65);

        assertThat(err()).contains("--encoding");
    }

    @Test
    void shouldRefuseATokenizerThatIsNone() throws IOException {
        Path file = folder.resolve("tokenizer.json");
        Files.writeString(file, "{\"model\": 3}");

        assertThat(run("tokenizer", "encode", "--tokenizer", file.toString(), "--input", file.toString()))
                .isEqualTo(65);

        assertThat(err()).contains("tokenizer.json");
        assertThat(List.of(err().split("\n"))).hasSize(1);
    }
}
