package io.polyglow.dataprep.pii;

import io.polyglow.dataprep.doc.Edit;
import io.polyglow.dataprep.pii.PiiConfig.Action;
import io.polyglow.dataprep.pii.PiiConfig.Placeholder;
import java.io.Serializable;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What a config makes of the spans of a document: edits of its text, or a reason to leave it out. Pure, so that it can be decided anew without another look for spans. */
public final class PiiPolicy implements Serializable {
    private static final long serialVersionUID = 1;

    /** What the reason of a document with data of a kind that drops it begins with. */
    public static final String REASON = "pii: ";

    private final PiiConfig config;

    /** The policy of a config. */
    public PiiPolicy(PiiConfig config) {
        this.config = config;
    }

    /** A replacement for each span whose kind is redacted. */
    public List<Edit> edits(String text, List<PiiSpan> spans) {
        return spans.stream()
                .filter(span -> config.of(span.kind()) == Action.REDACT)
                .map(span -> new Edit(span.start(), span.end(), replacement(text, span)))
                .toList();
    }

    /** Why the document is left out, naming the kinds; empty when none of them drops it. */
    public Optional<String> reason(List<PiiSpan> spans) {
        String kinds = spans.stream()
                .map(PiiSpan::kind)
                .filter(kind -> config.of(kind) == Action.DROP)
                .distinct()
                .sorted()
                .map(PiiKind::label)
                .collect(Collectors.joining(", "));
        return kinds.isEmpty() ? Optional.empty() : Optional.of(REASON + kinds);
    }

    private String replacement(String text, PiiSpan span) {
        if (config.placeholder() == Placeholder.TAG) {
            return "<" + span.kind().name() + ">";
        }
        return switch (span.kind()) {
            case EMAIL -> "email@example.com"; // RFC 2606
            case IP_ADDRESS -> span.detail().equals("v6") ? "2001:db8::1" : "192.0.2.1"; // RFC 3849, RFC 5737
            case PHONE, IBAN, CARD, NATIONAL_ID -> blank(text.substring(span.start(), span.end()));
        };
    }

    /** Digits become 0 and letters X; a zero is no issuer, no country code and, repeated, no valid number. */
    private static String blank(String number) {
        StringBuilder out = new StringBuilder(number.length());
        for (int i = 0; i < number.length(); i++) {
            char c = number.charAt(i);
            out.append(Chars.isDigit(c) ? '0' : Chars.isAsciiLetter(c) ? 'X' : c);
        }
        return out.toString();
    }
}
