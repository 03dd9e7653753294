package io.polyglow.dataprep.spark;

import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.tokenize.BpeTrainer;
import io.polyglow.dataprep.tokenize.PreTokenCounter;
import io.polyglow.dataprep.tokenize.TokenizerConfig;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long BPE training takes, against the loop that one would write first: count words in a map, then in each round count all pairs anew and rewrite all words.
 *
 * <p>Arguments: a file to write the corpus to (kept if it is there), its megabytes, the vocabulary, the plain loop's vocabulary. Main class on data-prep's test class path.
 */
final class BpeTrainingBenchmark {
    private BpeTrainingBenchmark() {}

    public static void main(String[] args) throws IOException {
        Path file = Path.of(args[0]);
        if (!Files.exists(file)) {
            generate(file, Long.parseLong(args[1]) << 20);
        }
        int vocabSize = Integer.parseInt(args[2]);
        TokenizerConfig config = TokenizerConfig.of(PreTokenPattern.GPT2, vocabSize, true);

        long start = System.nanoTime();
        TokenizerJob.run(LocalSpark.session(), List.of(file.toString()), config, ProgressListener.SILENT);
        report("Spark, 2 cores, " + vocabSize + " ids", start);

        start = System.nanoTime();
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);
        byte[] text = Files.readAllBytes(file);
        counter.add(text, 0, text.length);
        long learn = report("  counting alone, 1 thread, " + counter.size() + " distinct pre-tokens", start);
        BpeTrainer trainer = new BpeTrainer(config.bpe(1));
        counter.drainTo(trainer);
        int merges = trainer.train().merges().size();
        report("  learning " + merges + " merges alone, 1 thread", learn);

        int plainSize = Integer.parseInt(args[3]);
        TokenizerConfig small = TokenizerConfig.of(PreTokenPattern.GPT2, plainSize, true);
        start = System.nanoTime();
        int rounds = plainLoop(file, plainSize);
        report("Plain loop, 1 thread, " + plainSize + " ids, " + rounds + " rounds", start);
        start = System.nanoTime();
        TokenizerJob.run(LocalSpark.session(), List.of(file.toString()), small, ProgressListener.SILENT);
        report("Spark, 2 cores, " + plainSize + " ids", start);
    }

    private static long report(String what, long start) {
        long now = System.nanoTime();
        System.out.printf("%s: %.1f s%n", what, (now - start) / 1e9);
        return now;
    }

    /** Words of a Zipfian lexicon: syllables of Latin, Cyrillic and kana, half a million types. */
    private static void generate(Path file, long bytes) throws IOException {
        SplittableRandom random = new SplittableRandom(1);
        String[] syllables = {
            "ka", "re", "ti", "mo", "lu", "sch", "en", "ung", "pre", "ко", "ра", "ни", "ст", "か", "な", "の", "é", "ß"
        };
        byte[][] words = new byte[500_000][];
        for (int i = 0; i < words.length; i++) {
            StringBuilder word = new StringBuilder(" ");
            int length = 1 + random.nextInt(4) + i / 100_000;
            for (int s = 0; s < length; s++) {
                word.append(syllables[random.nextInt(syllables.length)]);
            }
            words[i] = word.toString().getBytes(StandardCharsets.UTF_8);
        }
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            long written = 0;
            for (int column = 0; written < bytes; column++) {
                byte[] word = words[(int) Math.min(words.length - 1, Math.pow(words.length, random.nextDouble()) - 1)];
                out.write(word);
                written += word.length;
                if (column % 20 == 19) {
                    out.write('\n');
                    written++;
                }
            }
        }
    }

    private static int plainLoop(Path file, int vocabSize) throws IOException {
        Pattern pattern =
                Pattern.compile("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");
        Map<String, Long> counts = new HashMap<>();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher matcher = pattern.matcher(line + "\n");
                while (matcher.find()) {
                    counts.merge(matcher.group(), 1L, Long::sum);
                }
            }
        }
        List<List<String>> words = new ArrayList<>();
        List<Long> frequencies = new ArrayList<>();
        counts.forEach((word, count) -> {
            byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
            words.add(new ArrayList<>(Arrays.asList(new String(utf8, StandardCharsets.ISO_8859_1).split(""))));
            frequencies.add(count);
        });
        int rounds = 0;
        for (; 257 + rounds < vocabSize; rounds++) {
            Map<String, Long> pairs = new HashMap<>();
            for (int w = 0; w < words.size(); w++) {
                for (int i = 0; i + 1 < words.get(w).size(); i++) {
                    pairs.merge(words.get(w).get(i) + "\0" + words.get(w).get(i + 1), frequencies.get(w), Long::sum);
                }
            }
            String best = pairs.entrySet().stream()
                    .max(Map.Entry.comparingByValue())
                    .orElseThrow()
                    .getKey();
            String left = best.substring(0, best.indexOf('\0'));
            String right = best.substring(best.indexOf('\0') + 1);
            words.forEach(word -> merge(word, left, right));
        }
        return rounds;
    }

    private static void merge(List<String> word, String left, String right) {
        for (int i = 0; i + 1 < word.size(); i++) {
            if (word.get(i).equals(left) && word.get(i + 1).equals(right)) {
                word.set(i, left + right);
                word.remove(i + 1);
            }
        }
    }
}
