package io.polyglow.dataprep.tokenize;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.AddedToken;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.IntPairs;
import io.polyglow.common.token.PreTokenPattern;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.agrona.collections.IntArrayList;

/** A vocabulary that grows: tokens in the notation of {@code tokenizer.json}, and their lengths in bytes. */
final class VocabularyBuilder {
    private final PreTokenPattern pattern;
    private final List<AddedToken> specials = new ArrayList<>();
    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> ids = new HashMap<>();
    private final IntArrayList lengths = new IntArrayList();

    VocabularyBuilder(PreTokenPattern pattern, List<String> specialTokens) {
        this.pattern = pattern;
        for (String special : specialTokens) {
            requireUnforgeable(special);
            specials.add(AddedToken.special(tokens.size(), special));
            add(special, special.length());
        }
    }

    int size() {
        return tokens.size();
    }

    /** Length in bytes. */
    int length(int id) {
        return lengths.getInt(id);
    }

    int idOf(String token) {
        return ids.getOrDefault(token, -1);
    }

    /** The id of a token, which is new unless the vocabulary has it. */
    int add(String token, int length) {
        Integer known = ids.putIfAbsent(token, tokens.size());
        if (known != null) {
            return known;
        }
        tokens.add(token);
        lengths.addInt(length);
        return tokens.size() - 1;
    }

    /** The id of two tokens in a row. */
    int merged(int left, int right) {
        return add(tokens.get(left) + tokens.get(right), length(left) + length(right));
    }

    BpeModel model(IntPairs merges) {
        boolean wholePieceFirst = pattern == PreTokenPattern.CHAR;
        return new BpeModel(pattern, wholePieceFirst, List.copyOf(tokens), merges, List.copyOf(specials));
    }

    /** A special token that is one pre-token could be learned as a merge; text could then forge it. */
    private void requireUnforgeable(String special) {
        byte[] utf8 = special.getBytes(StandardCharsets.UTF_8);
        if (utf8.length < 2 || pattern.end(utf8, 0, utf8.length) == utf8.length || ids.containsKey(special)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "\"" + special + "\" cannot be a special token: it must differ from the others, and the " + pattern
                            + " pattern must cut it into several pieces, so that no text can look like it. Write it like <|endoftext|>.");
        }
    }
}
