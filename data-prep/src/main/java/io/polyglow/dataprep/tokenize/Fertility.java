package io.polyglow.dataprep.tokenize;

import io.polyglow.common.token.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.collections.IntArrayList;

/**
 * Measures how many tokens texts become, and whether they come back. Languages that a vocabulary knows less of pay more tokens for the same content: a higher price
 * for training and use, and less of a text in a context (Petrov et al. 2023). For one thread.
 */
public final class Fertility {
    private final Tokenizer tokenizer;
    private final boolean[] isFragment;
    private final IntArrayList ids = new IntArrayList();

    /** Measures a tokenizer. */
    public Fertility(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        isFragment = new boolean[tokenizer.vocabSize()];
        int[] one = new int[1];
        for (int id = 0; id < isFragment.length; id++) {
            one[0] = id;
            byte[] bytes = tokenizer.decode(one, 0, 1);
            String text = new String(bytes, StandardCharsets.UTF_8);
            isFragment[id] = text.equals("<unk>") || !Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Counts one text. */
    public FertilityCounts measure(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        ids.clear();
        tokenizer.encode(utf8, 0, utf8.length, ids);
        int[] encoded = ids.toIntArray();
        long fragments = Arrays.stream(encoded).filter(id -> isFragment[id]).count();
        boolean same = Arrays.equals(utf8, tokenizer.decode(encoded, 0, encoded.length));
        return new FertilityCounts(
                1, utf8.length, text.codePointCount(0, text.length()), encoded.length, fragments, same ? 0 : 1);
    }
}
