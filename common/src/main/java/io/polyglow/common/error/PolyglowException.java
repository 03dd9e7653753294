package io.polyglow.common.error;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A failure with a kind and a message fit for a user: what happened, the value and the bound, the place
 * (file:line, rank, step), and what to do next, in one paragraph.
 */
public final class PolyglowException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorKind kind;

    /** Creates a failure without an underlying cause. */
    public PolyglowException(ErrorKind kind, String message) {
        this(kind, message, null);
    }

    /** Creates a failure that wraps the exception that showed it. */
    public PolyglowException(ErrorKind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** Never null. */
    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /** What sort of failure this is. */
    public ErrorKind kind() {
        return kind;
    }
}
