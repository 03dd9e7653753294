package io.polyglow.benchmarks.tokenizers;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.rng.RandomStream;
import java.util.List;

/** Texts that punish encoders which are not linear: one document without a space, named {@code worst:KIND} (10 MB) or {@code worst:KIND:MB}. */
final class WorstCase {
    private static final String PREFIX = "worst:";
    private static final int MEGABYTE = 1_000_000;
    private static final String[] WORDS = "the inter nation al ization of words without any space".split(" ");

    private WorstCase() {}

    static boolean isNamed(String input) {
        return input.startsWith(PREFIX);
    }

    static Texts of(String input) {
        String[] parts = input.substring(PREFIX.length()).split(":", 2);
        int bytes = MEGABYTE * (parts.length == 1 ? 10 : Integer.parseInt(parts[1]));
        String text =
                switch (parts[0]) {
                    case "a", "^" -> parts[0].repeat(bytes);
                    case "words" -> words(bytes);
                    case "letters" -> letters(bytes);
                    default ->
                        throw new PolyglowException(
                                ErrorKind.USAGE,
                                "--input " + input + ": there are worst:a, worst:^, worst:words and worst:letters");
                };
        return new Texts(input, List.of(text), text.length());
    }

    private static String words(int length) {
        RandomStream random = RandomStream.of(1, "worst-case words", 0);
        StringBuilder text = new StringBuilder(length + 16);
        while (text.length() < length) {
            text.append(WORDS[random.nextInt(WORDS.length)]);
        }
        return text.toString();
    }

    private static String letters(int length) {
        RandomStream random = RandomStream.of(1, "worst-case letters", 0);
        StringBuilder text = new StringBuilder(length);
        while (text.length() < length) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }
}
