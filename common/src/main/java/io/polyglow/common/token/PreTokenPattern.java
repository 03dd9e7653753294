package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.text.Utf8;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * How text is cut into pre-tokens; tokens never cross their borders. Hand-written scanners instead of a regex engine: linear on any input, the same on
 * every JDK ({@link UnicodeTable}), and defined on bytes that are not UTF-8 (each such byte is a character that is neither letter, number nor space).
 */
public enum PreTokenPattern implements PreTokenRule {
    /** GPT-2's: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}. */
    GPT2("gpt2", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return Gpt2Scanner.end(utf8, start, limit, false);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return Gpt2Scanner.scan(utf8, start, limit, false, ends);
        }
    },

    /** GPT-2's on the text between numbers; each number is cut out by itself first (StarCoder, SmolLM: {@code Digits} with {@code individual_digits}). */
    GPT2_DIGITS("gpt2-digits", GPT2.regex) {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return Gpt2Scanner.end(utf8, start, limit, true);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return Gpt2Scanner.scan(utf8, start, limit, true, ends);
        }
    },

    /** GPT-4's, which is also that of Llama 3: numbers in groups of at most three, contractions in either case, line breaks with what they end. */
    CL100K("cl100k", Regexes.cl100k("\\p{N}{1,3}")) {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return Cl100kScanner.end(utf8, start, limit, 3);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return Cl100kScanner.scan(utf8, start, limit, 3, ends);
        }
    },

    /** {@link #CL100K} with every number by itself (Qwen 2 and later). */
    QWEN2("qwen2", Regexes.cl100k("\\p{N}")) {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return Cl100kScanner.end(utf8, start, limit, 1);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return Cl100kScanner.scan(utf8, start, limit, 1, ends);
        }
    },

    /** GPT-4o's, gpt-oss's and Llama 4's: words also begin at a capital, marks belong to words, contractions to the word before. */
    O200K("o200k", Regexes.o200k(Regexes.CONTRACTION + "?", "\\p{N}{1,3}")) {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return O200kScanner.end(utf8, start, limit, true, 3);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return O200kScanner.scan(utf8, start, limit, true, 3, ends);
        }
    },

    /** {@link #O200K} without contractions and with every number by itself (Mistral Nemo and later). */
    TEKKEN("tekken", Regexes.o200k("", "\\p{N}")) {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return O200kScanner.end(utf8, start, limit, false, 1);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            return O200kScanner.scan(utf8, start, limit, false, 1, ends);
        }
    },

    /** Every character by itself. */
    CHAR("char", "[\\s\\S]") {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return start + Utf8.length(utf8, start, limit);
        }

        @Override
        int scan(byte[] utf8, int start, int limit, int[] ends) {
            int count = 0;
            for (int at = start; at < limit && count < ends.length; ) {
                at += Utf8.length(utf8, at, limit);
                ends[count++] = at;
            }
            return count;
        }
    };

    /** Llama 3 cuts by GPT-4's regex. */
    private static final String LLAMA3 = "llama3";

    private final String configName;
    private final String regex;

    PreTokenPattern(String configName, String regex) {
        this.configName = configName;
        this.regex = regex;
    }

    /** The pattern that configs and the command line call {@code name}; {@code llama3} is {@link #CL100K}. */
    public static PreTokenPattern named(String name) {
        for (PreTokenPattern pattern : values()) {
            if (pattern.configName.equals(name.equals(LLAMA3) ? CL100K.configName : name)) {
                return pattern;
            }
        }
        String names = Arrays.stream(values()).map(PreTokenPattern::toString).collect(Collectors.joining(", "));
        throw new PolyglowException(
                ErrorKind.USAGE,
                "There is no pre-tokenizer pattern \"" + name + "\". Use one of " + names + ", " + LLAMA3 + ".");
    }

    /** End of the pre-token that begins at {@code start < limit}; greater than {@code start}. The text may go on to {@code limit}. */
    public abstract int end(byte[] utf8, int start, int limit);

    /** Fills {@code ends} with the ends of the next pre-tokens, as many as fit; answers how many. One call for many: no dispatch in the inner loop. */
    abstract int scan(byte[] utf8, int start, int limit, int[] ends);

    @Override
    public boolean isLossless() {
        return true;
    }

    /** The same pattern as {@code tokenizer.json} writes it (Oniguruma syntax). */
    String regex() {
        return regex;
    }

    @Override
    public String toString() {
        return configName;
    }

    /** The parts that regexes share. */
    private static final class Regexes {
        static final String CONTRACTION = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
        private static final String PREFIX = "[^\\r\\n\\p{L}\\p{N}]?";
        private static final String HEAD = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
        private static final String TAIL = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
        private static final String SPACES = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

        static String cl100k(String number) {
            return CONTRACTION + "|" + PREFIX + "\\p{L}+|" + number + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*" + SPACES;
        }

        static String o200k(String ending, String number) {
            return PREFIX + HEAD + "*" + TAIL + "+" + ending + "|" + PREFIX + HEAD + "+" + TAIL + "*" + ending + "|"
                    + number + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + SPACES;
        }
    }
}
