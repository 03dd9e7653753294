package io.polyglow.dataprep.pii;

import io.polyglow.common.config.Default;
import io.polyglow.common.config.Doc;
import java.io.Serializable;

/** What is done about personal data, by kind. */
public record PiiConfig(
        @Default("redact")
                @Doc("E-mail addresses: off, tag (noted), redact (replaced in the text) or drop (the document goes).")
                Action email,
        @Default("redact") @Doc("Public IP addresses: off, tag, redact or drop.") Action ipAddress,
        @Default("tag") @Doc("Phone numbers: off, tag, redact or drop.") Action phone,
        @Default("redact") @Doc("International bank account numbers: off, tag, redact or drop.") Action iban,
        @Default("redact") @Doc("Payment cards: off, tag, redact or drop.") Action card,
        @Default("redact") @Doc("Numbers of persons, such as US social security numbers: off, tag, redact or drop.")
                Action nationalId,
        @Default("tag")
                @Doc(
                        "What stands in place of redacted data: tag (<EMAIL>, <PHONE>, ...) or example (email@example.com, 192.0.2.1, zeros in the same format).")
                Placeholder placeholder)
        implements Serializable {
    private static final long serialVersionUID = 1;

    /** What an empty config says. */
    public static final PiiConfig DEFAULTS = new PiiConfig(
            Action.REDACT, Action.REDACT, Action.TAG, Action.REDACT, Action.REDACT, Action.REDACT, Placeholder.TAG);

    /** What is done with one kind. */
    public enum Action {
        OFF,
        TAG,
        REDACT,
        DROP
    }

    /** What redacted data become. */
    public enum Placeholder {
        TAG,
        EXAMPLE
    }

    /** The action for a kind. */
    public Action of(PiiKind kind) {
        return switch (kind) {
            case EMAIL -> email;
            case IP_ADDRESS -> ipAddress;
            case PHONE -> phone;
            case IBAN -> iban;
            case CARD -> card;
            case NATIONAL_ID -> nationalId;
        };
    }
}
