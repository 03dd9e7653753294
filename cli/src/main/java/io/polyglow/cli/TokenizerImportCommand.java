package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Stores;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TiktokenEncoding;
import io.polyglow.common.token.TiktokenFile;
import io.polyglow.common.token.TokenizerJson;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow tokenizer import}. */
@Command(
        name = "import",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Reads another program's tokenizer and writes it as tokenizer.json.",
            "",
            "A .tiktoken file does not say how text is cut and what its special tokens are: name its encoding. A byte-level tokenizer.json"
                    + " is checked and written in canonical form."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow tokenizer import cl100k_base.tiktoken --encoding cl100k_base --to tokenizer.json")
final class TokenizerImportCommand implements Callable<Integer> {
    private static final String JSON = ".json";

    private final Console console;

    @Parameters(paramLabel = "FILE", description = "A .tiktoken file or a tokenizer.json.")
    private Path file;

    @Option(
            names = "--encoding",
            paramLabel = "NAME",
            description = "Of a .tiktoken file: r50k_base, p50k_base, cl100k_base, o200k_base or llama3.")
    private @Nullable String encoding;

    @Option(names = "--to", required = true, paramLabel = "FILE", description = "The tokenizer.json to write.")
    private Path output;

    TokenizerImportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        ByteLevelBpe tokenizer = new ByteLevelBpe(read());
        try (LocalFile target = LocalFile.of(output)) {
            Stores.rewrite(target.folder(), target.name(), tokenizer.json());
        }
        console.line("Tokenizer: " + tokenizer.vocabSize() + " ids, "
                + tokenizer.model().merges().size() + " merges, pattern "
                + tokenizer.model().pattern() + ", sha256 " + tokenizer.sha256() + ", in " + output);
        return 0;
    }

    private BpeModel read() throws IOException {
        try (LocalFile source = LocalFile.of(file);
                InputStream in = source.folder().open(source.name(), 0)) {
            if (encoding != null) {
                return TiktokenFile.parse(file.toString(), in, TiktokenEncoding.named(encoding));
            }
            if (file.toString().endsWith(JSON)) {
                return TokenizerJson.parse(file.toString(), in);
            }
        }
        throw new PolyglowException(
                ErrorKind.USAGE,
                file + " is not a " + JSON
                        + " file. If it is a .tiktoken file, name its encoding: --encoding r50k_base, p50k_base, cl100k_base, o200k_base or llama3.");
    }
}
