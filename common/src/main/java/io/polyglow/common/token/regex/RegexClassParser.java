package io.polyglow.common.token.regex;

import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/** Reads what stands for one character: a class in brackets, or what follows a backslash. */
final class RegexClassParser {
    private final RegexCursor in;
    private final boolean ignoreCase;
    private boolean inBrackets;

    RegexClassParser(RegexCursor in, boolean ignoreCase) {
        this.in = in;
        this.ignoreCase = ignoreCase;
    }

    /** What follows a {@code [}, up to and with its {@code ]}. */
    BitSet parse() {
        inBrackets = true;
        boolean negated = in.take("^");
        if (in.follows("]")) {
            throw in.problem("an empty class, or ] as the first of one");
        }
        BitSet all = new BitSet();
        @Nullable BitSet intersection = null;
        while (!in.take("]")) {
            if (in.take("&&")) {
                intersection = meet(intersection, all);
                all = new BitSet();
            } else {
                item(all);
            }
        }
        BitSet set = fold(meet(intersection, all));
        return negatedIf(negated, set);
    }

    private static BitSet meet(@Nullable BitSet first, BitSet second) {
        if (first == null) {
            return second;
        }
        BitSet both = (BitSet) first.clone();
        both.and(second);
        return both;
    }

    private void item(BitSet all) {
        if (in.take("[:")) {
            all.or(posix());
            return;
        }
        if (in.take("[")) {
            all.or(parse());
            return;
        }
        BitSet first = single();
        if (!in.follows("-") || in.follows("-]")) {
            all.or(first);
            return;
        }
        in.take("-");
        if (in.follows("[")) {
            throw in.problem("a range to a class");
        }
        BitSet last = single();
        boolean characters = first.cardinality() == 1 && last.cardinality() == 1;
        if (!characters || last.nextSetBit(0) < first.nextSetBit(0)) {
            throw in.problem("a range that is not of one character to a later one");
        }
        all.set(first.nextSetBit(0), last.nextSetBit(0) + 1);
    }

    private BitSet single() {
        int c = in.next();
        return c == '\\' ? escape() : CodePoints.of(c);
    }

    private BitSet posix() {
        boolean negated = in.take("^");
        String name = in.until(':');
        if (!in.take("]")) {
            throw in.problem("[: without :]");
        }
        return name.equals("punct")
                ? negatedIf(negated, UnicodeProperties.punctuationOrSymbol())
                : property(name, negated);
    }

    private BitSet word() {
        return inBrackets ? UnicodeProperties.word() : UnicodeProperties.wordOrNumber();
    }

    /** What follows a backslash. */
    BitSet escape() {
        int c = in.next();
        return switch (c) {
            case 's' -> UnicodeProperties.space();
            case 'S' -> CodePoints.not(UnicodeProperties.space());
            case 'd' -> UnicodeProperties.digit();
            case 'D' -> CodePoints.not(UnicodeProperties.digit());
            case 'w' -> cased(word());
            case 'W' -> cased(CodePoints.not(word()));
            case 'h' -> UnicodeProperties.hexDigits();
            case 'H' -> CodePoints.not(UnicodeProperties.hexDigits());
            case 'p', 'P' -> property(c == 'P');
            case 't' -> CodePoints.of('\t');
            case 'n' -> CodePoints.of('\n');
            case 'r' -> CodePoints.of('\r');
            case 'f' -> CodePoints.of('\f');
            case 'v' -> CodePoints.of(0x0B);
            case 'a' -> CodePoints.of(0x07);
            case 'e' -> CodePoints.of(0x1B);
            case 'x' -> CodePoints.of(hexadecimal());
            case 'u' -> CodePoints.of(hexadecimal(4));
            default -> {
                if (c < 0x80 && Character.isLetterOrDigit(c)) {
                    throw in.problem("\\" + Character.toString(c));
                }
                yield CodePoints.of(c);
            }
        };
    }

    private BitSet property(boolean not) {
        if (!in.take("{")) {
            throw in.problem("\\p without {");
        }
        boolean negated = in.take("^") != not;
        return property(in.until('}'), negated);
    }

    private BitSet property(String name, boolean negated) {
        BitSet set = name.equalsIgnoreCase("word") ? word() : UnicodeProperties.named(name);
        if (set == null) {
            throw in.problem("the property " + name);
        }
        return cased(negatedIf(negated, set));
    }

    private static BitSet negatedIf(boolean negated, BitSet set) {
        return negated ? CodePoints.not(set) : set;
    }

    /** What has letters beyond ASCII would need all of Unicode's case folding. */
    private BitSet cased(BitSet set) {
        if (ignoreCase) {
            throw in.problem("a property, or \\w, where case is ignored");
        }
        return set;
    }

    /** With the other case where that does not matter. */
    BitSet fold(BitSet set) {
        if (!ignoreCase) {
            return set;
        }
        if (set.length() <= 0x80) {
            return CodePoints.foldAscii(set);
        }
        BitSet letters = UnicodeProperties.word();
        letters.and(set);
        boolean beyond = letters.nextSetBit(0x80) >= 0 && !isDigits(letters);
        if (beyond) {
            throw in.problem("a letter beyond ASCII where case is ignored");
        }
        return CodePoints.foldAscii(set);
    }

    private static boolean isDigits(BitSet set) {
        BitSet others = (BitSet) set.clone();
        others.andNot(UnicodeProperties.digit());
        return others.nextSetBit(0x80) < 0;
    }

    private int hexadecimal() {
        if (!in.take("{")) {
            return hexadecimal(2);
        }
        return codePoint(in.until('}'));
    }

    private int hexadecimal(int digits) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < digits; i++) {
            text.appendCodePoint(in.next());
        }
        return codePoint(text.toString());
    }

    private int codePoint(String digits) {
        try {
            int codePoint = Integer.parseInt(digits, 16);
            if (codePoint >= 0 && codePoint <= Character.MAX_CODE_POINT) {
                return codePoint;
            }
        } catch (NumberFormatException e) {
            // said below
        }
        throw in.problem("\"" + digits + "\", which is no code point");
    }
}
