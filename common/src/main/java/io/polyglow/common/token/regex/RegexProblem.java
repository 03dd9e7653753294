package io.polyglow.common.token.regex;

import java.io.Serial;

/** A regular expression that is broken, or has something that is not known here. */
public final class RegexProblem extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    RegexProblem(String message) {
        super(message);
    }
}
