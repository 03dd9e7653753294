package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/** Finds those special tokens in text that the caller allows, the longest first. */
final class SpecialTokens {
    private static final class Special {
        final int id;
        final byte[] name;

        Special(int id, byte[] name) {
            this.id = id;
            this.name = name;
        }
    }

    private final List<Special> longestFirst;
    private final boolean[] begins = new boolean[256];

    private SpecialTokens(List<Special> specials) {
        longestFirst = specials;
        specials.forEach(special -> begins[special.name[0] & 0xFF] = true);
    }

    /** The tokens of these names; each must be there. */
    static SpecialTokens named(List<AddedToken> known, Collection<String> names) {
        List<Special> specials = new ArrayList<>();
        for (String name : names) {
            AddedToken token = known.stream()
                    .filter(each -> each.content().equals(name) && !name.isEmpty())
                    .findFirst()
                    .orElseThrow(() -> new PolyglowException(
                            ErrorKind.USAGE,
                            "This tokenizer has no special token \"" + name + "\". It has "
                                    + known.stream()
                                            .map(AddedToken::content)
                                            .limit(20)
                                            .toList() + "."));
            if (token.lstrip() || token.rstrip() || token.singleWord()) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "The special token \"" + name
                                + "\" takes spaces beside it or whole words only (lstrip, rstrip, single_word), which is not supported in text.");
            }
            specials.add(new Special(token.id(), name.getBytes(StandardCharsets.UTF_8)));
        }
        specials.sort(Comparator.comparingInt(special -> -special.name.length));
        return new SpecialTokens(specials);
    }

    /** The id of the token at {@code at}, or -1. */
    int at(byte[] utf8, int at, int limit) {
        if (!begins[utf8[at] & 0xFF]) {
            return -1;
        }
        for (Special special : longestFirst) {
            int end = at + special.name.length;
            if (end <= limit && Arrays.equals(utf8, at, end, special.name, 0, special.name.length)) {
                return special.id;
            }
        }
        return -1;
    }
}
