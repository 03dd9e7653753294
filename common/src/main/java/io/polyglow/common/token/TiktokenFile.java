package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Reads and writes {@code .tiktoken} files: a line {@code BASE64 RANK} for each token but the special ones. The rank is the id and the priority. Pattern and special
 * tokens are not in the file: {@link TiktokenEncoding}. See {@code docs/formats/tokenizer.md}.
 */
public final class TiktokenFile {
    private static final int MAX_BYTES = 128 << 20;
    private static final int MAX_ID = 1 << 24;

    private TiktokenFile() {}

    /** Parses a file; {@code source} is what errors call it. The stream is not closed. */
    public static BpeModel parse(String source, InputStream in, TiktokenEncoding encoding) throws IOException {
        byte[] bytes = in.readNBytes(MAX_BYTES);
        if (in.read() >= 0) {
            throw new PolyglowException(ErrorKind.DATA, source + ": larger than " + MAX_BYTES + " bytes.");
        }
        byte[][] tokens = tokens(source, new String(bytes, StandardCharsets.ISO_8859_1), encoding);
        IntPairs merges = RankedMerges.of(tokens);
        List<String> vocabulary = new ArrayList<>();
        List<AddedToken> added = new ArrayList<>();
        int size = Math.max(
                tokens.length,
                encoding.specials().isEmpty() ? 0 : encoding.specials().lastKey() + 1);
        int ranks = 0;
        for (int id = 0; id < size; id++) {
            if (id < tokens.length && tokens[id] != null) {
                vocabulary.add(ByteAlphabet.encode(tokens[id]));
                ranks += tokens[id].length > 1 ? 1 : 0;
            } else {
                String special = encoding.specials().getOrDefault(id, "<|reserved_" + id + "|>");
                added.add(AddedToken.special(id, special));
                if (id < tokens.length) {
                    vocabulary.add(special);
                }
            }
        }
        boolean wholePieceFirst = merges.size() < ranks;
        TextFrame frame = new TextFrame(false, encoding.before(), List.of());
        return new BpeModel(
                encoding.pattern(), wholePieceFirst, List.copyOf(vocabulary), merges, List.copyOf(added), frame);
    }

    /**
     * The file of a model, if there is one that encodes alike.
     *
     * @throws PolyglowException USAGE if the order of ids is not the order of merges, so that ranks cannot say it
     */
    public static byte[] write(BpeModel model) {
        byte[][] tokens = new byte[model.vocabulary().size()][];
        Set<Integer> added = new HashSet<>();
        model.addedTokens().forEach(token -> added.add(token.id()));
        StringBuilder lines = new StringBuilder();
        for (int id = 0; id < tokens.length; id++) {
            if (!added.contains(id)) {
                tokens[id] = ByteAlphabet.bytesOrUtf8(model.vocabulary().get(id));
                lines.append(Base64.getEncoder().encodeToString(tokens[id]))
                        .append(' ')
                        .append(id)
                        .append('\n');
            }
        }
        requireSameMerges(model, tokens);
        return lines.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Merges that no text can reach do not count. */
    private static void requireSameMerges(BpeModel model, byte[][] tokens) {
        EncodingTables tables = new EncodingTables(model);
        IntPairs ranked = RankedMerges.of(tokens);
        int next = 0;
        boolean same = tables.derivations().areOrdered();
        for (int i = 0; i < model.merges().size() && same; i++) {
            int left = model.merges().left(i);
            int right = model.merges().right(i);
            if (tables.derivations().isDerivation(left, right, i)) {
                same = next < ranked.size() && ranked.left(next) == left && ranked.right(next) == right;
                next++;
            }
        }
        boolean allReachable = true;
        for (int id = 0; id < tokens.length && !model.wholePieceFirst(); id++) {
            allReachable &= tokens[id] == null || tables.derivations().isReachable(id);
        }
        if (!same || next < ranked.size() || !allReachable) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "This tokenizer cannot be a .tiktoken file: there a token's id is also when it is made, and here merges are in another order"
                            + " than their tokens, or some tokens cannot be made. Keep it as tokenizer.json.");
        }
    }

    private static byte[][] tokens(String source, String text, TiktokenEncoding encoding) {
        byte[][] tokens = new byte[1024][];
        Set<String> seen = new HashSet<>();
        int size = 0;
        String[] lines = text.split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].stripTrailing();
            if (line.isEmpty()) {
                continue;
            }
            int space = line.indexOf(' ');
            byte[] token = space < 0 ? new byte[0] : base64(line.substring(0, space));
            int rank = space < 0 ? -1 : rank(line.substring(space + 1));
            if (token.length == 0 || rank < 0) {
                throw problem(source, i, "expected \"BASE64 RANK\", found \"" + shown(line) + "\"");
            }
            if (rank >= tokens.length) {
                tokens = Arrays.copyOf(tokens, Math.max(rank + 1, 2 * tokens.length));
            }
            if (tokens[rank] != null || encoding.specials().containsKey(rank) || !seen.add(line.substring(0, space))) {
                throw problem(
                        source, i, "rank " + rank + " or its token is here twice, or the rank is a special token's id");
            }
            tokens[rank] = token;
            size = Math.max(size, rank + 1);
        }
        if (size == 0) {
            throw problem(source, 0, "no token");
        }
        return Arrays.copyOf(tokens, size);
    }

    private static byte[] base64(String text) {
        try {
            return Base64.getDecoder().decode(text);
        } catch (IllegalArgumentException e) {
            return new byte[0];
        }
    }

    private static int rank(String text) {
        try {
            int rank = Integer.parseInt(text);
            return rank < MAX_ID ? rank : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static String shown(String line) {
        return line.length() > 60 ? line.substring(0, 60) + "..." : line;
    }

    private static PolyglowException problem(String source, int line, String what) {
        return new PolyglowException(ErrorKind.DATA, source + ":" + (line + 1) + ": " + what + ".");
    }
}
