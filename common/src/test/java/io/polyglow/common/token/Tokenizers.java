package io.polyglow.common.token;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.agrona.collections.IntArrayList;

/** Tokenizers for tests, of this and of other modules. */
public final class Tokenizers {
    private static final String RESOURCE = "multilingual-2048.json";

    private Tokenizers() {}

    /** 2,048 tokens learned from the Universal Declaration of Human Rights in 532 languages; id 0 is {@code <|endoftext|>}. */
    public static ByteLevelBpe multilingual() {
        try (InputStream in = Tokenizers.class.getResourceAsStream(RESOURCE)) {
            return new ByteLevelBpe(TokenizerJson.parse(RESOURCE, in));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A closed vocabulary of the characters of {@code text}, sorted. */
    public static ByteLevelBpe characters(String text) {
        return characters(text, new ArrayList<>());
    }

    /** All bytes, then the characters of {@code text}, sorted. */
    public static ByteLevelBpe charactersAndBytes(String text) {
        return characters(text, bytes());
    }

    private static ByteLevelBpe characters(String text, List<String> vocabulary) {
        text.codePoints()
                .distinct()
                .sorted()
                .mapToObj(c -> ByteAlphabet.encode(Character.toString(c).getBytes(StandardCharsets.UTF_8)))
                .filter(token -> !vocabulary.contains(token))
                .forEach(vocabulary::add);
        IntPairs none = new IntPairs(new IntArrayList());
        return new ByteLevelBpe(new BpeModel(PreTokenPattern.CHAR, true, List.copyOf(vocabulary), none, List.of()));
    }

    /** The 256 bytes and no merges. */
    public static ByteLevelBpe bytes(PreTokenPattern pattern) {
        IntPairs none = new IntPairs(new IntArrayList());
        return new ByteLevelBpe(new BpeModel(pattern, false, List.copyOf(bytes()), none, List.of()));
    }

    private static List<String> bytes() {
        List<String> vocabulary = new ArrayList<>();
        for (int b : ByteAlphabet.bytesInIdOrder()) {
            vocabulary.add(ByteAlphabet.encode(new byte[] {(byte) b}));
        }
        return vocabulary;
    }

    /** A vocabulary of all bytes and the given merges, each {@code "left right"}. */
    public static ByteLevelBpe merging(String... merges) {
        List<String> vocabulary = bytes();
        IntArrayList pairs = new IntArrayList();
        for (String merge : merges) {
            String[] pair = merge.split(" ", -1);
            pairs.addInt(vocabulary.indexOf(pair[0]));
            pairs.addInt(vocabulary.indexOf(pair[1]));
            if (!vocabulary.contains(pair[0] + pair[1])) {
                vocabulary.add(pair[0] + pair[1]);
            }
        }
        return new ByteLevelBpe(
                new BpeModel(PreTokenPattern.GPT2, false, List.copyOf(vocabulary), new IntPairs(pairs), List.of()));
    }
}
