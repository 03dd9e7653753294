package io.polyglow.dataprep.pii;

import java.util.Locale;

/** What a span of personal data is. */
public enum PiiKind {
    EMAIL,
    IP_ADDRESS,
    PHONE,
    IBAN,
    CARD,
    NATIONAL_ID;

    /** The name in tables and configs, such as {@code ip-address}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
