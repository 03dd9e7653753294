package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.common.token.TokenizerFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code polyglow tokenizer}: train a tokenizer, run one, or measure one. */
@Command(
        name = "tokenizer",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "(train | encode | decode | import | export | fertility)",
        description =
                "Trains a tokenizer, runs one, or measures one. Files are Hugging Face tokenizer.json; SentencePiece .model files can be read too.",
        subcommands = {
            TokenizerTrainCommand.class,
            TokenizerCommand.Encode.class,
            TokenizerCommand.Decode.class,
            TokenizerImportCommand.class,
            TokenizerExportCommand.class,
            TokenizerFertilityCommand.class
        })
final class TokenizerCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(), "name what to do: train, encode, decode, import, export or fertility");
    }

    static Tokenizer read(Path file) {
        try (LocalFile source = LocalFile.of(file)) {
            return TokenizerFile.read(source.folder(), source.name());
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** Reads a file of a tokenizer. */
    interface Reader<T> {
        T read(InputStream in) throws IOException;
    }

    /** What a format makes of a file that the user named. */
    static <T> T read(Path file, Reader<T> format) {
        try (LocalFile source = LocalFile.of(file);
                InputStream in = source.folder().open(source.name(), 0)) {
            return format.read(in);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static PolyglowException unreadable(Path file, IOException e) {
        return new PolyglowException(
                ErrorKind.DATA, "The tokenizer " + file + " cannot be read: " + Reasons.of(e) + ".", e);
    }

    /** The given file's bytes, or those of standard input. */
    static byte[] input(@Nullable Path file) {
        try (InputStream in = file == null ? System.in : Files.newInputStream(file)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "The input " + (file == null ? "(standard input)" : file) + " cannot be read: " + Reasons.of(e)
                            + ".",
                    e);
        }
    }

    /** Text to ids. */
    @Command(
            name = "encode",
            mixinStandardHelpOptions = true,
            description = "Prints the token ids of a text, separated by spaces.",
            footerHeading = "%nExample:%n",
            footer = "  echo -n 'Guten Tag' | polyglow tokenizer encode --tokenizer tokenizer.json")
    static final class Encode implements Callable<Integer> {
        private final Console console;

        @Option(
                names = "--tokenizer",
                required = true,
                paramLabel = "FILE",
                description = "A tokenizer.json or SentencePiece .model.")
        private Path tokenizer;

        @Option(names = "--input", paramLabel = "FILE", description = "The text; standard input if not given.")
        private @Nullable Path input;

        Encode(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            byte[] text = input(input);
            IntArrayList ids = new IntArrayList();
            read(tokenizer).encode(text, 0, text.length, ids);
            console.line(
                    Arrays.stream(ids.toIntArray()).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
            return 0;
        }
    }

    /** Ids to text. */
    @Command(
            name = "decode",
            mixinStandardHelpOptions = true,
            description = "Prints the text of token ids, byte for byte.",
            footerHeading = "%nExample:%n",
            footer = "  polyglow tokenizer decode --tokenizer tokenizer.json 38 84 1012")
    static final class Decode implements Callable<Integer> {
        private final Console console;

        @Option(
                names = "--tokenizer",
                required = true,
                paramLabel = "FILE",
                description = "A tokenizer.json or SentencePiece .model.")
        private Path tokenizer;

        @Parameters(paramLabel = "ID", description = "Token ids; read from standard input if none is given.")
        private List<String> ids = List.of();

        Decode(Console console) {
            this.console = console;
        }

        @Override
        public Integer call() {
            String text = ids.isEmpty() ? new String(input(null), StandardCharsets.UTF_8) : String.join(" ", ids);
            int[] parsed = Arrays.stream(text.strip().split("\\s+"))
                    .filter(word -> !word.isEmpty())
                    .mapToInt(Decode::id)
                    .toArray();
            console.raw(read(tokenizer).decode(parsed, 0, parsed.length));
            return 0;
        }

        private static int id(String word) {
            try {
                return Integer.parseInt(word);
            } catch (NumberFormatException e) {
                throw new PolyglowException(
                        ErrorKind.USAGE, "'" + word + "' is not a token id; ids are whole numbers.", e);
            }
        }
    }
}
