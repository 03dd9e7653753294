package io.polyglow.common.json;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import org.jspecify.annotations.Nullable;

/** Where a value stands: a chain up to the document, turned into text only when an error needs it. */
final class JsonPlace {
    private final @Nullable JsonPlace parent;
    private final String name;
    private final int index;

    JsonPlace(String source) {
        this(null, source, -1);
    }

    private JsonPlace(@Nullable JsonPlace parent, String name, int index) {
        this.parent = parent;
        this.name = name;
        this.index = index;
    }

    JsonPlace child(String name) {
        return new JsonPlace(this, name, -1);
    }

    JsonPlace child(int index) {
        return new JsonPlace(this, "", index);
    }

    PolyglowException problem(String what) {
        return new PolyglowException(ErrorKind.DATA, this + ": " + what);
    }

    /** E.g. {@code manifest.json: $.files[3].bytes}. */
    @Override
    public String toString() {
        if (parent == null) {
            return name + ": $";
        }
        return parent + (index >= 0 ? "[" + index + "]" : "." + name);
    }
}
