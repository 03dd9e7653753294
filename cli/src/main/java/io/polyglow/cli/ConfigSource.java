package io.polyglow.cli;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.common.config.Draft;
import io.polyglow.common.config.Resolved;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A named config and what the user changes in it. */
final class ConfigSource {
    @Parameters(index = "0", paramLabel = "CONFIG", description = "A YAML file such as those under configs/.")
    private Path file;

    @Mixin
    private Overrides overrides;

    /** Filled in by the command line. */
    ConfigSource() {}

    ConfigSource(Path file, Overrides overrides) {
        this.file = file;
        this.overrides = overrides;
    }

    /** {@code --set}, for commands that take their config from elsewhere too. */
    static final class Overrides {
        @Option(
                names = "--set",
                paramLabel = "KEY=VALUE",
                description =
                        "Sets one key of the config, as in the examples below. May be repeated; the last one wins.")
        private List<String> values = new ArrayList<>();

        List<String> values() {
            return values;
        }
    }

    Path file() {
        return file;
    }

    /** The config as far as it goes: places may be missing. */
    Draft draft(Class<? extends Record> type) {
        return ConfigFile.draft(type, file, overrides.values());
    }

    <T extends Record> Resolved<T> load(Class<T> type) {
        return load(type, List.of());
    }

    /** Loads the config with {@code more} settings after the user's. */
    <T extends Record> Resolved<T> load(Class<T> type, List<String> more) {
        List<String> all = new ArrayList<>(overrides.values());
        all.addAll(more);
        return ConfigFile.read(type, file, all);
    }
}
