package io.polyglow.common.token.regex;

import io.polyglow.common.text.Unicode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Properties of code points by name, of the Unicode version of {@link Unicode}: general categories, scripts, and what Oniguruma's own classes are made of.
 * A line of the resource is {@code NAME FIRST-LAST}, with a category of two letters, {@code script=} and a script, or {@code Alphabetic} or {@code White_Space}.
 */
final class UnicodeProperties {
    static final String RESOURCE = "properties-" + Unicode.VERSION + ".txt";

    private static final String SCRIPT = "script=";

    private static final Map<String, String> LONG_NAMES = Map.ofEntries(
            Map.entry("letter", "l"),
            Map.entry("uppercaseletter", "lu"),
            Map.entry("lowercaseletter", "ll"),
            Map.entry("titlecaseletter", "lt"),
            Map.entry("modifierletter", "lm"),
            Map.entry("otherletter", "lo"),
            Map.entry("mark", "m"),
            Map.entry("number", "n"),
            Map.entry("decimalnumber", "nd"),
            Map.entry("punctuation", "p"),
            Map.entry("symbol", "s"),
            Map.entry("separator", "z"),
            Map.entry("other", "c"),
            Map.entry("control", "cc"),
            Map.entry("whitespace", "space"),
            Map.entry("alphabetic", "alpha"));

    private UnicodeProperties() {}

    /** Code points with a property, such as {@code Lu}, {@code Letter}, {@code Han} or {@code Alpha}; case, spaces, - and _ do not matter. Null when there is none of that name. */
    static @Nullable BitSet named(String name) {
        String plain = name.toLowerCase(Locale.ROOT).replaceAll("[-_ ]", "");
        String key = LONG_NAMES.getOrDefault(plain, plain);
        return switch (key) {
            case "any" -> CodePoints.range(0, Character.MAX_CODE_POINT);
            case "ascii" -> CodePoints.range(0, 0x7F);
            case "alpha" -> lines("Alphabetic"::equals);
            case "space" -> lines("White_Space"::equals);
            case "digit" -> lines("Nd"::equals);
            case "alnum" -> CodePoints.union(lines("Alphabetic"::equals), lines("Nd"::equals));
            case "punct" -> category("p");
            case "xdigit" -> hexDigits();
            default -> key.length() <= 2 && isCategory(key) ? category(key) : script(plain);
        };
    }

    static BitSet space() {
        return lines("White_Space"::equals);
    }

    static BitSet digit() {
        return lines("Nd"::equals);
    }

    /** {@code \w} in brackets. */
    static BitSet word() {
        return CodePoints.union(lines("Alphabetic"::equals), category("m"), lines("Nd"::equals), lines("Pc"::equals));
    }

    /** {@code \w} by itself: with the six numbers of Latin-1 that are no digits, an oddity of Oniguruma. */
    static BitSet wordOrNumber() {
        return CodePoints.union(word(), CodePoints.of('²', '³', '¹', '¼', '½', '¾'));
    }

    /** {@code [:punct:]} in brackets: with symbols, unlike {@code \p{Punct}}. */
    static BitSet punctuationOrSymbol() {
        return CodePoints.union(category("p"), category("s"));
    }

    static BitSet hexDigits() {
        return CodePoints.union(CodePoints.range('0', '9'), CodePoints.range('a', 'f'), CodePoints.range('A', 'F'));
    }

    private static boolean isCategory(String key) {
        return "lmnpszc".indexOf(key.charAt(0)) >= 0
                && (key.length() == 1 || !category(key).isEmpty());
    }

    /** By its first letter or both. Unassigned code points have no line. */
    private static BitSet category(String key) {
        BitSet set = lines(
                line -> line.length() == 2 && line.toLowerCase(Locale.ROOT).startsWith(key));
        if (key.equals("c") || key.equals("cn")) {
            set.or(CodePoints.not(lines(line -> line.length() == 2)));
        }
        return set;
    }

    private static @Nullable BitSet script(String plain) {
        BitSet set = lines(line -> line.startsWith(SCRIPT)
                && line.substring(SCRIPT.length())
                        .toLowerCase(Locale.ROOT)
                        .replace("_", "")
                        .equals(plain));
        return set.isEmpty() ? null : set;
    }

    private static BitSet lines(Predicate<String> name) {
        BitSet set = new BitSet();
        try (BufferedReader lines = open()) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                int space = line.indexOf(' ');
                if (!line.startsWith("#") && name.test(line.substring(0, space))) {
                    int dash = line.lastIndexOf('-');
                    int first = Integer.parseInt(line, space + 1, dash, 16);
                    set.set(first, Integer.parseInt(line, dash + 1, line.length(), 16) + 1);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return set;
    }

    private static BufferedReader open() {
        InputStream in = UnicodeProperties.class.getResourceAsStream(RESOURCE);
        if (in == null) {
            throw new IllegalStateException("the jar lacks its resource " + RESOURCE);
        }
        return new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
    }
}
