package io.polyglow.dataprep.pii;

import com.google.i18n.phonenumbers.NumberParseException;
import com.google.i18n.phonenumbers.PhoneNumberUtil;
import com.google.i18n.phonenumbers.PhoneNumberUtil.PhoneNumberFormat;
import com.google.i18n.phonenumbers.Phonenumber.PhoneNumber;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Phone numbers. Candidates are groups of digits found by a scanner of ours in linear time; whether one is a number of some country's plan is asked of libphonenumber, whose data follow the
 * plans (ITU-T E.164). An international number begins with {@code +}. A national one is looked for in the countries where the text's language is spoken, and must be grouped as that country
 * writes it or follow a word such as {@code Tel.}.
 */
final class PhoneFinder implements PiiFinder {
    private static final int MIN_DIGITS = 7;
    private static final int MAX_DIGITS = 15;
    private static final int MAX_CHARS = 28;
    private static final int CONTEXT = 20;
    private static final int MAX_SHORTER = 3;
    private static final String[] WORDS = {
        "tel",
        "phone",
        "mobile",
        "mob.",
        "cell",
        "call",
        "fax",
        "whatsapp",
        "telefon",
        "téléphone",
        "teléfono",
        "telefone",
        "cellulare",
        "handy",
        "móvil",
        "celular",
        "тел",
        "телефон",
        "моб",
        "τηλ",
        "هاتف",
        "تلفن",
        "फ़ोन",
        "फोन",
        "मोबाइल",
        "โทร",
        "电话",
        "電話",
        "手机",
        "手機",
        "전화",
        "điện thoại",
        "telp",
        "simu"
    };

    /** A question takes some 10 microseconds, so a text full of numbers that are none may not ask about all of them. */
    private static final int MIN_QUESTIONS = 1000;

    private static final int CHARS_PER_QUESTION = 1024;

    private static final PhoneNumberUtil PLANS = PhoneNumberUtil.getInstance();

    private final List<String> regions;
    private int questionsLeft;

    /**
     * A finder for one text.
     *
     * @param regions countries whose national numbers are looked for (ISO 3166 codes)
     * @param textLength allows one vain question per {@link #CHARS_PER_QUESTION} of these
     */
    PhoneFinder(List<String> regions, int textLength) {
        this.regions = regions;
        this.questionsLeft = MIN_QUESTIONS + textLength / CHARS_PER_QUESTION;
    }

    @Override
    public @Nullable PiiSpan at(String text, int at) {
        boolean international = text.charAt(at) == '+' || text.charAt(at) == '\uFF0B';
        boolean possible = international || !regions.isEmpty();
        if (questionsLeft <= 0 || !possible || !Chars.beginsAt(text, at)) {
            return null;
        }
        List<Integer> ends = ends(text, at);
        for (int i = ends.size() - 1; i >= 0 && i >= ends.size() - MAX_SHORTER; i--) {
            int end = ends.get(i);
            String region = international ? international(text, at, end) : national(text, at, end);
            if (region != null) {
                questionsLeft += 1 + regions.size() * MAX_SHORTER; // what was found costs nothing
                return new PiiSpan(at, end, PiiKind.PHONE, region);
            }
        }
        return null;
    }

    /** Where groups of digits end such that there are enough of them; nothing when there are too many to be a phone number. */
    private static List<Integer> ends(String text, int start) {
        List<Integer> ends = new ArrayList<>();
        int digits = 0;
        int i = start;
        while (i < text.length() && i - start < MAX_CHARS && digits <= MAX_DIGITS) {
            char c = text.charAt(i);
            if (Chars.isDigit(c)) {
                digits++;
                boolean groupEnds = i + 1 == text.length() || !Chars.isDigit(text.charAt(i + 1));
                if (groupEnds && digits >= MIN_DIGITS && digits <= MAX_DIGITS && Chars.endsAt(text, i + 1)) {
                    ends.add(i + 1);
                }
            } else if (!isSeparator(text, i, start)) {
                break;
            }
            i++;
        }
        return ends;
    }

    /** One mark, or a bracket and a space, between groups; a plus sign or a bracket before the first. */
    private static boolean isSeparator(String text, int i, int start) {
        char c = text.charAt(i);
        if (i == start) {
            return c == '+' || c == '\uFF0B' || c == '(';
        }
        char before = text.charAt(i - 1);
        boolean bracket = c == '(' || c == ')';
        boolean mark = Chars.isSpace(c) || Chars.isDash(c) || c == '.' || c == '/';
        boolean afterGroup = Chars.isDigit(before) || before == ')';
        return (bracket && before != c) || (mark && afterGroup);
    }

    private @Nullable String international(String text, int start, int end) {
        PhoneNumber number = parse("+" + Chars.compact(text, start, end), null);
        return number != null && PLANS.isValidNumber(number) ? PLANS.getRegionCodeForNumber(number) : null;
    }

    private @Nullable String national(String text, int start, int end) {
        String digits = Chars.compact(text, start, end);
        boolean announced = isAnnounced(text, start);
        if (!announced && digits.length() == end - start) {
            return null;
        }
        for (String region : regions) {
            PhoneNumber number = parse(digits, region);
            if (number != null
                    && PLANS.isValidNumberForRegion(number, region)
                    && (announced || isGrouped(text, start, end, number))) {
                return region;
            }
        }
        return null;
    }

    /** Whether the digits are grouped as the country's plan groups them. */
    private boolean isGrouped(String text, int start, int end, PhoneNumber number) {
        return groups(text.substring(start, end)).equals(groups(PLANS.format(number, PhoneNumberFormat.NATIONAL)));
    }

    private static String groups(String written) {
        StringBuilder groups = new StringBuilder();
        for (int i = 0; i < written.length(); i++) {
            int digit = Chars.digit(written.charAt(i));
            if (digit >= 0) {
                groups.append(digit);
            } else if (!groups.isEmpty() && groups.charAt(groups.length() - 1) != ' ') {
                groups.append(' ');
            }
        }
        return groups.toString().strip();
    }

    private @Nullable PhoneNumber parse(String digits, @Nullable String region) {
        questionsLeft--;
        try {
            return PLANS.parse(digits, region);
        } catch (NumberParseException e) {
            return null; // not a number of this plan
        }
    }

    private static boolean isAnnounced(String text, int start) {
        String before = text.substring(Math.max(0, start - CONTEXT), start).toLowerCase(Locale.ROOT);
        for (String word : WORDS) {
            if (before.contains(word)) {
                return true;
            }
        }
        return false;
    }
}
