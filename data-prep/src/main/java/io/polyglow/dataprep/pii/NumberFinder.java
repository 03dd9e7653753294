package io.polyglow.dataprep.pii;

import io.polyglow.dataprep.pii.NumberRule.Template;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Cards and national ids by the rules of {@code number-rules.tsv}. A rule is tried only where the text begins with as many digits as the rule's form. */
final class NumberFinder implements PiiFinder {
    private static final String RULES = "number-rules.tsv";
    private static final int MAX_DIGITS = 19;

    private final List<List<Attempt>> byDigits = new ArrayList<>();

    private record Attempt(NumberRule rule, Template template) {}

    NumberFinder() {
        List<NumberRule> rules = rules();
        for (int digits = 0; digits <= MAX_DIGITS; digits++) {
            byDigits.add(attempts(rules, digits));
        }
    }

    @Override
    public @Nullable PiiSpan at(String text, int at) {
        int digits = 0;
        while (digits <= MAX_DIGITS && at + digits < text.length() && Chars.isDigit(text.charAt(at + digits))) {
            digits++;
        }
        boolean tooLong = digits > MAX_DIGITS;
        boolean other = digits == 0 && !Chars.isUpper(text.charAt(at));
        if (tooLong || other || !Chars.beginsAt(text, at)) {
            return null;
        }
        for (Attempt attempt : byDigits.get(digits)) {
            if (attempt.rule.holds(attempt.template, text, at)) {
                int end = at + attempt.template.form().length();
                return new PiiSpan(at, end, attempt.rule.kind(), attempt.rule.name());
            }
        }
        return null;
    }

    private static List<Attempt> attempts(List<NumberRule> rules, int digits) {
        List<Attempt> attempts = new ArrayList<>();
        for (NumberRule rule : rules) {
            for (Template template : rule.templates()) {
                boolean lettersFirst = template.leadingDigits() == 0;
                if (digits == 0 ? lettersFirst : !lettersFirst && template.canBeginWith(digits)) {
                    attempts.add(new Attempt(rule, template));
                }
            }
        }
        return attempts;
    }

    /** All rules, in the order of the file. */
    static List<NumberRule> rules() {
        try (InputStream in = NumberFinder.class.getResourceAsStream(RULES)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + RULES);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("#"))
                    .map(NumberFinder::rule)
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static NumberRule rule(String line) {
        String[] fields = line.split("\t", -1);
        PiiKind kind = fields[0].equals("card") ? PiiKind.CARD : PiiKind.NATIONAL_ID;
        List<Template> templates =
                Arrays.stream(fields[2].split("\\|")).map(Template::parse).toList();
        List<String> words = fields.length < 5 ? List.of() : List.of(fields[4].split(", "));
        return new NumberRule(kind, fields[1], templates, NumberChecks.named(fields[3]), words);
    }
}
