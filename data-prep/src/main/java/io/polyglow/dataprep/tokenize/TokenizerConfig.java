package io.polyglow.dataprep.tokenize;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import io.polyglow.common.config.Range;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.PreTokenPattern;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which tokenizer to use, or how to train one. */
public record TokenizerConfig(
        @Doc("An existing tokenizer.json or SentencePiece .model to use instead of training one.") @Nullable
                String file,
        @Default("bpe") @Doc("What is trained: bpe (byte-pair merges) or unigram (pieces with probabilities).")
                Model model,
        @Default("8192")
                @Range(min = 1, max = 10000000)
                @Doc(
                        "Number of ids of a trained tokenizer, <|endoftext|> included; fewer when the text has nothing more to merge.")
                int vocabSize,
        @Default("cl100k")
                @Doc(
                        "What a trained token may not cross: cl100k (GPT-4's words, digits in threes; also called llama3), gpt2 (words, digits in any number), gpt2-digits (the same, digits apart), qwen2 (cl100k, digits apart), o200k (GPT-4o's words), tekken (o200k, digits apart), or char (characters).")
                PreTokenPattern pattern,
        @Default("true")
                @Doc(
                        "With pattern char: keep the 256 bytes as ids, so that characters outside the training text can be encoded too.")
                boolean byteFallback,
        @Default("0") @Range(min = 0, max = 9e15) @Doc("Pairs seen less often than this in the text are not merged.")
                long minFrequency,
        @Range(min = 2, max = 65536)
                @Doc("Tokens of this many bytes or more are not made; without it there is no bound.")
                @Nullable
                Integer maxTokenLength,
        @Default("[]") @Doc("Special tokens besides <|endoftext|>; text can never produce them.")
                List<String> specialTokens,
        @Default("1")
                @Range(min = 0, max = 1)
                @Doc(
                        "How much the size of a language decides while a tokenizer learns: its bytes to this power are its share. 1: as it is; 0.3: small languages count more; 0: all count alike.")
                double languageAlpha,
        @Default("{}")
                @Doc(
                        "Factors for languages while a tokenizer learns, on top of language-alpha, e.g. {swh_Latn: 3}; 1/1024 to 1024.")
                Map<String, Double> languageWeights,
        @Default("5000000")
                @Range(min = 1000, max = 100000000)
                @Doc(
                        "Most distinct pre-tokens to learn from, of eight bytes on average; of the rarest a sample is left. The driver needs about 150 bytes for each.")
                int maxPreTokens,
        @Range(min = 1, max = 1000)
                @Doc(
                        "Highest premium a language may pay: tokens over those of the reference language, for the same texts (premium-texts), else per character, which compares languages of one script only. Without it no premium is refused.")
                @Nullable
                Double maxPremium,
        @Doc(
                        "Directory of parallel texts to measure premiums on: translations of each other, such as the Universal Declaration of Human Rights, a .txt or .html file a language, named by it (deu.html, eng_Latn.txt).")
                @Nullable
                String premiumTexts,
        @Default("[eng_Latn, en]")
                @Doc(
                        "The language that premiums are measured against: the first of these that the corpus has, or the parallel texts.")
                List<String> premiumReference) {
    /** The special token that every tokenizer trained here has: it ends documents. */
    public static final String END_OF_TEXT = "<|endoftext|>";

    /** The models that can be trained. */
    public enum Model {
        BPE,
        UNIGRAM
    }

    /** Refuses weights that no language can have. */
    public TokenizerConfig {
        specialTokens = List.copyOf(specialTokens);
        premiumReference = List.copyOf(premiumReference);
        languageWeights = Map.copyOf(languageWeights);
        languageWeights.forEach((language, weight) -> {
            if (!(weight >= 1.0 / 1024 && weight <= 1024)) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "tokenizer.language-weights." + language + " is " + weight
                                + "; a weight is between 1/1024 and 1024.");
            }
        });
    }

    /** The defaults for a tokenizer of this shape. */
    public static TokenizerConfig of(PreTokenPattern pattern, int vocabSize, boolean byteFallback) {
        return new TokenizerConfig(
                null,
                Model.BPE,
                vocabSize,
                pattern,
                byteFallback,
                0,
                null,
                List.of(),
                1,
                Map.of(),
                5_000_000,
                null,
                null,
                List.of("eng_Latn", "en"));
    }

    /** These settings with a pattern and special tokens, which may have names that YAML reads as something else. */
    public TokenizerConfig with(PreTokenPattern newPattern, List<String> newSpecialTokens) {
        return new TokenizerConfig(
                file,
                model,
                vocabSize,
                newPattern,
                byteFallback,
                minFrequency,
                maxTokenLength,
                newSpecialTokens,
                languageAlpha,
                languageWeights,
                maxPreTokens,
                maxPremium,
                premiumTexts,
                premiumReference);
    }

    /** Why a tokenizer that was trained by these settings has fewer ids than they ask for, if it has. */
    public Optional<String> shortfall(int trained) {
        if (file != null || pattern == PreTokenPattern.CHAR || trained >= vocabSize) {
            return Optional.empty();
        }
        String bounds = (minFrequency > 1 ? ", seen " + minFrequency + " times or more" : "")
                + (maxTokenLength == null ? "" : ", below " + maxTokenLength + " bytes");
        return Optional.of("That is fewer than the " + vocabSize + " ids asked for: the text has no more "
                + (model == Model.UNIGRAM ? "pieces that recur." : "pairs to merge" + bounds + "."));
    }

    /** The settings that decide what is learned: without the file, whose contents count instead of its place, and without the gate. */
    public TokenizerConfig withoutFile() {
        return new TokenizerConfig(
                null,
                model,
                vocabSize,
                pattern,
                byteFallback,
                minFrequency,
                maxTokenLength,
                specialTokens,
                languageAlpha,
                languageWeights,
                maxPreTokens,
                null,
                null,
                List.of());
    }

    /** Refuses a vocabulary that is too small, before anything is read. */
    public void requireRoom() {
        if (file != null) {
            return;
        }
        if (pattern != PreTokenPattern.CHAR) {
            bpe(1).requireRoom();
        } else if (model == Model.UNIGRAM) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "tokenizer.model: unigram learns pieces of words, and pattern char has none; use another pattern, or model bpe.");
        }
    }

    /** How languages are weighted while a tokenizer learns. */
    public boolean weighsLanguages() {
        return languageAlpha != 1 || !languageWeights.isEmpty();
    }

    /** All special tokens, in id order. */
    public List<String> specials() {
        List<String> all = new ArrayList<>(List.of(END_OF_TEXT));
        all.addAll(specialTokens);
        return List.copyOf(all);
    }

    /** For a table whose counts are {@code scale} times the occurrences. */
    public BpeTrainerConfig bpe(long scale) {
        int longest = maxTokenLength == null ? Integer.MAX_VALUE : maxTokenLength;
        return new BpeTrainerConfig(pattern, vocabSize, Math.multiplyExact(minFrequency, scale), longest, specials());
    }
}
