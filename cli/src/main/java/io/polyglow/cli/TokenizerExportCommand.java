package io.polyglow.cli;

import io.polyglow.common.store.Stores;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.TiktokenFile;
import io.polyglow.common.token.TokenizerJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code polyglow tokenizer export}. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Writes a tokenizer as a .tiktoken file: a token in base64 and its id on each line.",
            "",
            "Pattern and special tokens are not part of that format; they are printed."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow tokenizer export --tokenizer tokenizer.json --tiktoken tokenizer.tiktoken")
final class TokenizerExportCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--tokenizer", required = true, paramLabel = "FILE", description = "A tokenizer.json.")
    private Path tokenizer;

    @Option(names = "--tiktoken", required = true, paramLabel = "FILE", description = "The .tiktoken file to write.")
    private Path output;

    TokenizerExportCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        BpeModel model = TokenizerCommand.read(tokenizer, in -> TokenizerJson.parse(tokenizer.toString(), in));
        byte[] file = TiktokenFile.write(model);
        try (LocalFile target = LocalFile.of(output)) {
            Stores.rewrite(target.folder(), target.name(), file);
        }
        console.line("Pattern " + model.pattern() + ". Special tokens:");
        model.addedTokens().forEach(token -> console.line("  " + token.id() + " " + token.content()));
        return 0;
    }
}
