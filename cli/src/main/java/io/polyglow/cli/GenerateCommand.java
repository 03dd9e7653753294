package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.Tokenizer;
import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.trainer.eval.TrainedModel;
import io.polyglow.trainer.generate.GenerationSpeed;
import io.polyglow.trainer.generate.Generator;
import io.polyglow.trainer.generate.Sampling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow generate}: lets a run's model write. */
@Command(
        name = "generate",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Continues prompts with a run's newest checkpoint, whatever layout trained it.",
            "",
            "The same seed gives the same text. Temperature 0 takes the likeliest token every time."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow generate runs/shakespeare --prompt 'ROMEO:' --max-tokens 300",
            "  polyglow generate runs/numbers --prompt 'de | 417 |' --temperature 0"
        })
final class GenerateCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "RUN", description = "The run directory.")
    private String run;

    @Option(
            names = "--prompt",
            required = true,
            paramLabel = "TEXT",
            description = "Text to continue; may be repeated. Empty text starts a new document.")
    private List<String> prompts;

    @Option(
            names = "--max-tokens",
            defaultValue = "200",
            paramLabel = "N",
            description = "Most new tokens. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(
            names = "--temperature",
            defaultValue = "0.8",
            paramLabel = "T",
            description = "Divides the logits; 0 is greedy. Default: ${DEFAULT-VALUE}.")
    private double temperature;

    @Option(
            names = "--top-k",
            defaultValue = "0",
            paramLabel = "K",
            description = "Only the K likeliest tokens; 0 for all. Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(
            names = "--top-p",
            defaultValue = "1",
            paramLabel = "P",
            description = "Only the likeliest tokens that together reach P. Default: ${DEFAULT-VALUE}.")
    private double topP;

    @Option(
            names = "--seed",
            defaultValue = "1",
            paramLabel = "N",
            description = "Seed of the choice. Default: ${DEFAULT-VALUE}.")
    private long seed;

    GenerateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        try (Locations locations = new Locations()) {
            return Models.use(locations.resolve(run), this::generate);
        }
    }

    private int generate(TrainedModel model) {
        Tokenizer tokenizer = model.tokenizer();
        int end = tokenizer.endOfTextId();
        Sampling sampling = new Sampling(maxTokens, end < 0 ? List.of() : List.of(end), temperature, topK, topP, seed);
        List<int[]> ids =
                prompts.stream().map(prompt -> encode(tokenizer, prompt)).toList();
        int context = model.config().model().context();
        for (int[] prompt : ids) {
            if (prompt.length > context) {
                console.note(String.format(
                        Locale.ROOT,
                        "Of this prompt's %,d tokens the model sees the last %,d, its context.",
                        prompt.length,
                        context));
            }
        }
        try (Generator generator = model.generator(ids.size())) {
            List<int[]> continued = generator.generate(ids, sampling);
            for (int i = 0; i < continued.size(); i++) {
                console.line(prompts.get(i) + continuation(tokenizer, ids.get(i), continued.get(i)));
            }
            note(model, generator.speed());
        }
        return 0;
    }

    private void note(TrainedModel model, GenerationSpeed speed) {
        console.note(String.format(
                Locale.ROOT,
                "[step %d; prefill: %d tokens, %.0f tokens/s; decode: %d tokens, %.0f tokens/s]",
                model.checkpoint().manifest().step(),
                speed.prefillTokens(),
                speed.prefillTokensPerSecond(),
                speed.decodeTokens(),
                speed.decodeTokensPerSecond()));
    }

    /** Decoded after its prompt: a SentencePiece model takes a space from the start of what it decodes. */
    private static String continuation(Tokenizer tokenizer, int[] prompt, int[] continued) {
        int[] both = Arrays.copyOf(prompt, prompt.length + continued.length);
        System.arraycopy(continued, 0, both, prompt.length, continued.length);
        int start = tokenizer.decode(prompt, 0, prompt.length).length;
        byte[] text = tokenizer.decode(both, 0, both.length);
        return new String(text, start, text.length - start, StandardCharsets.UTF_8);
    }

    private static int[] encode(Tokenizer tokenizer, String prompt) {
        if (!prompt.isEmpty()) {
            return tokenizer.encode(TextNormalizer.normalize(prompt));
        }
        if (tokenizer.endOfTextId() < 0) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The prompt is empty, and the tokenizer has no end-of-text token to start a document from; give some text.");
        }
        return new int[] {tokenizer.endOfTextId()};
    }
}
