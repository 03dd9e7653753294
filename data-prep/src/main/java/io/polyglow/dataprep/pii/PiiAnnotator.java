package io.polyglow.dataprep.pii;

import io.polyglow.dataprep.doc.Libraries;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds personal data in texts: one pass from left to right; at each place where a word begins the finders are asked in order, and the first answer is taken. Time is linear in the length of the
 * text whatever it holds, since each finder looks at a bounded number of characters. Safe for many threads.
 */
public final class PiiAnnotator {
    private static final String VERSION = "pii-1";

    private static final PiiFinder EMAIL = new EmailFinder();
    private static final List<PiiFinder> NUMBERS = List.of(new IbanFinder(), new NumberFinder(), new IpFinder());

    /** Changes when the spans of the same text can change: our rules, and libphonenumber's data. */
    public static String version() {
        return VERSION + ", " + Libraries.versions("libphonenumber", "icu4j");
    }

    /**
     * The spans, in order and without overlaps.
     *
     * @param language label {@code iso639-3_Script} or code of the text's language; decides which countries' national phone numbers are looked for
     */
    public List<PiiSpan> annotate(String text, String language) {
        PiiFinder phones = new PhoneFinder(Regions.of(language.split("_", 2)[0]), text.length());
        List<PiiSpan> spans = new ArrayList<>();
        int i = 0;
        while (i < text.length()) {
            PiiSpan span = at(text, i, phones);
            if (span == null) {
                i++;
            } else {
                i = Math.max(i + 1, span.end());
                add(spans, span);
            }
        }
        return List.copyOf(spans);
    }

    /** An address is recognised at its {@code @}, when the words before it were passed already; so it takes the place of what was found in them. */
    private static void add(List<PiiSpan> spans, PiiSpan span) {
        while (!spans.isEmpty() && spans.get(spans.size() - 1).end() > span.start()) {
            spans.remove(spans.size() - 1);
        }
        spans.add(span);
    }

    private static @Nullable PiiSpan at(String text, int i, PiiFinder phones) {
        char c = text.charAt(i);
        if (c == '@') {
            return EMAIL.at(text, i);
        }
        boolean begins = mayBegin(c) && (i == 0 || !Chars.isSpacedAlphanumeric(text.charAt(i - 1)));
        return begins ? first(text, i, phones) : null;
    }

    private static boolean mayBegin(char c) {
        return c < 0x80
                ? Chars.isDigit(c) || Chars.isAsciiLetter(c) || c == '+' || c == '('
                : c == '\uFF0B' || Chars.isDigit(c);
    }

    private static @Nullable PiiSpan first(String text, int i, PiiFinder phones) {
        char c = text.charAt(i);
        boolean number = Chars.isDigit(c) || c == '+' || c == '(' || c == '\uFF0B';
        if (c != '+' && c != '(' && c != '\uFF0B') {
            for (PiiFinder finder : NUMBERS) {
                PiiSpan span = finder.at(text, i);
                if (span != null) {
                    return span;
                }
            }
        }
        return number ? phones.at(text, i) : null;
    }
}
