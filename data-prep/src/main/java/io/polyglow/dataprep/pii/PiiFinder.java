package io.polyglow.dataprep.pii;

import org.jspecify.annotations.Nullable;

/** Recognises one kind of personal data. An implementation looks at a bounded number of characters around the place, so that scanning a text takes linear time whatever it holds. */
@FunctionalInterface
interface PiiFinder {
    /**
     * What begins at this place.
     *
     * @param at a place where a word begins: the character before is neither letter nor digit
     */
    @Nullable
    PiiSpan at(String text, int at);
}
