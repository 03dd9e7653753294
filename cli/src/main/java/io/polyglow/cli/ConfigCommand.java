package io.polyglow.cli;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Draft;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.dataprep.spark.PrepareConfig;
import io.polyglow.trainer.config.TrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code polyglow config}: what a config means, and what may stand in it. */
@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(show | keys)",
        description = "Shows what a config means, and what may stand in one.",
        subcommands = {ConfigCommand.Show.class, ConfigCommand.Keys.class})
final class ConfigCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "name what to do: show or keys");
    }

    /** The two kinds of configs. */
    enum Kind {
        PREPARE(PrepareConfig.class),
        TRAIN(TrainConfig.class);

        private static final Pattern KEY = Pattern.compile("^([a-z-]+)\\s*:", Pattern.MULTILINE);

        private final Class<? extends Record> type;

        Kind(Class<? extends Record> type) {
            this.type = type;
        }

        /** How many of these it has. */
        private long count(List<String> keys) {
            List<String> own = ConfigFile.keys(type);
            return keys.stream().filter(own::contains).count();
        }

        /** The kind that most of the file's top-level keys belong to. */
        static Kind of(Path file) {
            try {
                List<String> keys = KEY.matcher(Files.readString(file))
                        .results()
                        .map(key -> key.group(1))
                        .toList();
                return PREPARE.count(keys) > TRAIN.count(keys) ? PREPARE : TRAIN;
            } catch (NoSuchFileException e) {
                throw new PolyglowException(ErrorKind.USAGE, "there is no file " + file + ".", e);
            } catch (IOException e) {
                throw new PolyglowException(
                        ErrorKind.USAGE, "The config " + file + " cannot be read: " + Reasons.of(e) + ".", e);
            }
        }

        static Kind named(String name) {
            return Arrays.stream(values())
                    .filter(kind -> kind.name().equalsIgnoreCase(name))
                    .findFirst()
                    .orElseThrow(() -> new PolyglowException(
                            ErrorKind.USAGE, "'" + name + "' is no kind of config; there are: prepare, train."));
        }
    }

    /** The resolved config. */
    @Command(
            name = "show",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description =
                    "Prints a config with every key, defaults and --set included, and its hash; reports all problems at once."
                            + " Places that are not given yet, such as data and run, are marked as required.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  polyglow config show configs/train/nano.yaml",
                "  polyglow config show configs/train/nano.yaml --set data=corpus --set run=runs/a --set batch.global=64"
            })
    static final class Show implements Callable<Integer> {
        private final Console console;

        @Mixin
        private ConfigSource config;

        @Option(
                names = "--kind",
                paramLabel = "KIND",
                description = "prepare or train. Default: what the keys of the file say.")
        private @Nullable String kind;

        Show(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            Kind chosen = kind == null ? Kind.of(config.file()) : Kind.named(kind);
            Draft draft = config.draft(chosen.type);
            console.line(draft.yaml().stripTrailing());
            if (draft.missing().isEmpty()) {
                console.line("# sha256 " + config.load(chosen.type).sha256());
            } else {
                console.line("# no sha256 yet: " + String.join(" and ", draft.missing()) + " must be set");
            }
            return 0;
        }
    }

    /** The reference of keys. */
    @Command(
            name = "keys",
            mixinStandardHelpOptions = true,
            description = "Lists every key of a kind of config with its type, range, default and meaning.")
    static final class Keys implements Callable<Integer> {
        private final Console console;

        @Parameters(paramLabel = "KIND", description = "prepare or train.")
        private String kind;

        Keys(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            console.line(ConfigFile.reference(Kind.named(kind).type).stripTrailing());
            return 0;
        }
    }
}
