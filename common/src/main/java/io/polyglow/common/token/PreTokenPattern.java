package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/**
 * How text is cut into pre-tokens; tokens never cross their borders. Hand-written scanners instead of a regex engine: linear on any input, the same on
 * every JDK ({@link UnicodeTable}), and defined on bytes that are not UTF-8 (each such byte is a character that is neither letter, number nor space).
 */
public enum PreTokenPattern {
    /** GPT-2's: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+}. */
    GPT2("gpt2", "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return Gpt2Scanner.end(utf8, start, limit);
        }
    },

    /** Every character by itself. */
    CHAR("char", "[\\s\\S]") {
        @Override
        public int end(byte[] utf8, int start, int limit) {
            return start + Utf8.length(utf8, start, limit);
        }
    };

    private final String configName;
    private final String regex;

    PreTokenPattern(String configName, String regex) {
        this.configName = configName;
        this.regex = regex;
    }

    /** The pattern that configs and the command line call {@code name}. */
    public static PreTokenPattern named(String name) {
        for (PreTokenPattern pattern : values()) {
            if (pattern.configName.equals(name)) {
                return pattern;
            }
        }
        throw new PolyglowException(
                ErrorKind.USAGE, "There is no pre-tokenizer pattern \"" + name + "\". Use \"gpt2\" or \"char\".");
    }

    /** End of the pre-token that begins at {@code start < limit}; greater than {@code start}. The text may go on to {@code limit}. */
    public abstract int end(byte[] utf8, int start, int limit);

    /** The same pattern as {@code tokenizer.json} writes it (Oniguruma syntax). */
    String regex() {
        return regex;
    }

    @Override
    public String toString() {
        return configName;
    }
}
