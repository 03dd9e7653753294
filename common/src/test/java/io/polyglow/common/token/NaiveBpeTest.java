package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The encoder against the definition of BPE, word for word: merge the pair of lowest rank, the leftmost among equals, until none is left. */
class NaiveBpeTest {
    /** How a list of merges comes about. */
    enum Merges {
        /** As a trainer makes them: each of tokens that were made before. */
        TRAINED,
        /** The same in any order: a pair may merge earlier than what it is made of. */
        SHUFFLED,
        /** Several ways to the same token, and pairs that can never meet. */
        AMBIGUOUS,
        /** The same, and equal pairs twice: the last one counts. */
        REPEATED,
        /** A trained list, and whole pieces that merging would not make. */
        WHOLE_PIECES
    }

    @ParameterizedTest
    @EnumSource(Merges.class)
    void shouldGiveTheIdsOfMergingByRank(Merges kind) {
        Random random = new Random(kind.name().hashCode());
        for (int round = 0; round < 120; round++) {
            BpeModel model = model(kind, random);
            ByteLevelBpe tokenizer = new ByteLevelBpe(model);
            for (int text = 0; text < 22; text++) {
                String piece = letters(random, 1 + random.nextInt(text < 20 ? 22 : 120));
                assertThat(tokenizer.encode(piece))
                        .as(() -> kind + " " + merges(model) + ", " + piece)
                        .isEqualTo(naive(model, piece));
            }
        }
    }

    private static String merges(BpeModel model) {
        return IntStream.range(0, model.merges().size())
                .mapToObj(i -> model.vocabulary().get(model.merges().left(i)) + " "
                        + model.vocabulary().get(model.merges().right(i)))
                .toList()
                .toString();
    }

    private static BpeModel model(Merges kind, Random random) {
        List<String> vocabulary = new ArrayList<>();
        for (int b : ByteAlphabet.bytesInIdOrder()) {
            vocabulary.add(ByteAlphabet.encode(new byte[] {(byte) b}));
        }
        List<String> made = new ArrayList<>(List.of("a", "b", "c"));
        List<int[]> pairs = new ArrayList<>();
        int wanted = 1 + random.nextInt(20);
        for (int attempt = 0; attempt < 200 && pairs.size() < wanted; attempt++) {
            String left = made.get(random.nextInt(made.size()));
            String right = made.get(random.nextInt(made.size()));
            String merged = left + right;
            boolean known = vocabulary.contains(merged);
            if (merged.length() > 12 || (known && kind != Merges.AMBIGUOUS && kind != Merges.REPEATED)) {
                continue;
            }
            if (!known) {
                vocabulary.add(merged);
                made.add(merged);
            }
            pairs.add(new int[] {vocabulary.indexOf(left), vocabulary.indexOf(right)});
        }
        if (kind == Merges.SHUFFLED) {
            Collections.shuffle(pairs, random);
        } else if (kind == Merges.REPEATED) {
            pairs.addAll(List.copyOf(pairs));
            Collections.shuffle(pairs, random);
        }
        for (int i = 0; kind == Merges.WHOLE_PIECES && i < 20; i++) {
            String whole = letters(random, 2 + random.nextInt(6));
            if (!vocabulary.contains(whole)) {
                vocabulary.add(whole);
            }
        }
        IntArrayList flat = new IntArrayList();
        pairs.forEach(pair -> {
            flat.addInt(pair[0]);
            flat.addInt(pair[1]);
        });
        return new BpeModel(
                PreTokenPattern.GPT2,
                kind == Merges.WHOLE_PIECES,
                List.copyOf(vocabulary),
                new IntPairs(flat),
                List.of());
    }

    private static String letters(Random random, int length) {
        int letters = 1 + random.nextInt(3);
        StringBuilder text = new StringBuilder();
        random.ints(length, 'a', 'a' + letters).forEach(c -> text.append((char) c));
        return text.toString();
    }

    private static int[] naive(BpeModel model, String piece) {
        List<String> vocabulary = model.vocabulary();
        if (model.wholePieceFirst() && vocabulary.contains(piece)) {
            return new int[] {vocabulary.indexOf(piece)};
        }
        List<Integer> ids = new ArrayList<>();
        for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
            ids.add(vocabulary.indexOf(ByteAlphabet.encode(new byte[] {b})));
        }
        while (true) {
            int bestRank = -1;
            int bestAt = -1;
            for (int at = 0; at + 1 < ids.size(); at++) {
                int rank = lastRank(model.merges(), ids.get(at), ids.get(at + 1));
                if (rank >= 0 && (bestAt < 0 || rank < bestRank)) {
                    bestRank = rank;
                    bestAt = at;
                }
            }
            if (bestAt < 0) {
                return ids.stream().mapToInt(i -> i).toArray();
            }
            String merged = vocabulary.get(ids.get(bestAt)) + vocabulary.get(ids.remove(bestAt + 1));
            ids.set(bestAt, vocabulary.indexOf(merged));
        }
    }

    private static int lastRank(IntPairs merges, int left, int right) {
        for (int rank = merges.size() - 1; rank >= 0; rank--) {
            if (merges.left(rank) == left && merges.right(rank) == right) {
                return rank;
            }
        }
        return -1;
    }
}
