package io.polyglow.cli;

import io.polyglow.common.store.Stores;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TiktokenEncoding;
import io.polyglow.common.token.TiktokenFile;
import io.polyglow.common.token.Tokenizer;
import java.io.IOException;
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
            "A tokenizer.json (byte-level BPE, BPE with byte fallback, unigram) or a SentencePiece .model is checked"
                    + " and written in canonical form. A .tiktoken file does not say how text is cut and what its special"
                    + " tokens are: name its encoding."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow tokenizer import llama-2/tokenizer.model --to tokenizer.json",
            "  polyglow tokenizer import cl100k_base.tiktoken --encoding cl100k_base --to tokenizer.json"
        })
final class TokenizerImportCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "FILE", description = "A tokenizer.json, a SentencePiece .model or a .tiktoken file.")
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
        Tokenizer tokenizer = encoding == null ? TokenizerCommand.read(file) : readTiktoken(encoding);
        try (LocalFile target = LocalFile.of(output)) {
            Stores.rewrite(target.folder(), target.name(), tokenizer.json());
        }
        console.line("Tokenizer: " + tokenizer.vocabSize() + " ids" + details(tokenizer) + ", sha256 "
                + tokenizer.sha256() + ", in " + output);
        return 0;
    }

    private Tokenizer readTiktoken(String name) {
        TiktokenEncoding named = TiktokenEncoding.named(name);
        return new ByteLevelBpe(TokenizerCommand.read(file, in -> TiktokenFile.parse(file.toString(), in, named)));
    }

    private static String details(Tokenizer tokenizer) {
        return tokenizer instanceof ByteLevelBpe bpe
                ? ", " + bpe.model().merges().size() + " merges, pattern "
                        + bpe.model().pattern()
                : "";
    }
}
