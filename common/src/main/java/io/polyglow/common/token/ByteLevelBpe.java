package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) with the ids of Hugging Face tokenizers. Text is cut by a {@link PreTokenPattern}; within a
 * pre-token the pair of lowest rank merges first, the leftmost among equals. Linear in the text; O(n log n) in the length of a single pre-token.
 *
 * <p>A vocabulary with all 256 bytes encodes anything. One without (a closed character vocabulary) refuses a character that it lacks with a
 * {@link ErrorKind#DATA} error, where Hugging Face would drop it without a word.
 */
public final class ByteLevelBpe implements Tokenizer {
    /** Names of the token that ends a document, in the order in which they are looked for. */
    private static final List<String> END_OF_TEXT = List.of("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>");

    private final BpeModel model;
    private final byte[] json;
    private final String sha256;
    private final byte[][] bytesOfId;
    private final int[] idOfByte = new int[256];
    private final MergeTable merges;
    private final Map<String, Integer> wholePieces = new HashMap<>();
    private final PieceCache cache = new PieceCache();
    private final int endOfTextId;

    /** Builds the tables; the model must be consistent, as {@link TokenizerJson#parse} and the trainers guarantee. */
    public ByteLevelBpe(BpeModel model) {
        this.model = model;
        json = TokenizerJson.write(model).getBytes(StandardCharsets.UTF_8);
        sha256 = HexFormat.of().formatHex(sha256(json));
        bytesOfId = bytesOfIds(model);
        merges = mergeTable(model);
        endOfTextId = endOfText(model.addedTokens());
        fillLookups();
    }

    /** Reads a {@code tokenizer.json}; a file that means something that this class does not do is refused. */
    public static ByteLevelBpe read(Store store, String path) throws IOException {
        try (InputStream in = store.open(path, 0)) {
            return new ByteLevelBpe(TokenizerJson.parse(store.root() + "/" + path, in));
        }
    }

    /** The parts of this tokenizer. */
    public BpeModel model() {
        return model;
    }

    /** The canonical {@code tokenizer.json}, UTF-8; {@link #sha256} is the hash of exactly these bytes. */
    public byte[] json() {
        return json.clone();
    }

    @Override
    public int vocabSize() {
        return bytesOfId.length;
    }

    @Override
    public int endOfTextId() {
        return endOfTextId;
    }

    @Override
    public String sha256() {
        return sha256;
    }

    /** {@inheritDoc} */
    @Override
    public void encode(byte[] utf8, int offset, int length, IntArrayList ids) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        PieceMerger merger = new PieceMerger(merges);
        int limit = offset + length;
        for (int start = offset, end; start < limit; start = end) {
            end = model.pattern().end(utf8, start, limit);
            encodePiece(utf8, start, end, merger, ids);
        }
    }

    /** The ids of a string; a lone surrogate becomes {@code ?}, as Java's UTF-8 encoder has it. */
    public int[] encode(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        IntArrayList ids = new IntArrayList();
        encode(utf8, 0, utf8.length, ids);
        return ids.toIntArray();
    }

    @Override
    public byte[] decode(int[] ids, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, ids.length);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = offset; i < offset + length; i++) {
            if (ids[i] < 0 || ids[i] >= bytesOfId.length) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "Token id " + ids[i] + " at index " + i + " is outside of this tokenizer's [0, "
                                + bytesOfId.length + "). The ids were made with another tokenizer.");
            }
            bytes.writeBytes(bytesOfId[ids[i]]);
        }
        return bytes.toByteArray();
    }

    private void encodePiece(byte[] utf8, int start, int end, PieceMerger merger, IntArrayList ids) {
        if (end - start == 1) {
            ids.addInt(idOf(utf8, start, start));
            return;
        }
        if (end - start > PieceCache.MAX_PIECE_BYTES) {
            mergePiece(utf8, start, end, merger, ids);
            return;
        }
        int slot = PieceCache.slot(utf8, start, end);
        if (!cache.appendIfKnown(slot, utf8, start, end, ids)) {
            int first = ids.size();
            mergePiece(utf8, start, end, merger, ids);
            cache.put(slot, utf8, start, end, ids, first);
        }
    }

    private void mergePiece(byte[] utf8, int start, int end, PieceMerger merger, IntArrayList ids) {
        if (model.wholePieceFirst()) {
            Integer whole = wholePieces.get(new String(utf8, start, end - start, StandardCharsets.ISO_8859_1));
            if (whole != null) {
                ids.addInt(whole);
                return;
            }
        }
        int[] symbols = merger.symbols(end - start);
        for (int i = start; i < end; i++) {
            symbols[i - start] = idOf(utf8, i, start);
        }
        merger.merge(end - start, ids);
    }

    private int idOf(byte[] utf8, int at, int pieceStart) {
        int id = idOfByte[utf8[at] & 0xFF];
        if (id < 0) {
            throw unknown(utf8, at, pieceStart);
        }
        return id;
    }

    private PolyglowException unknown(byte[] utf8, int at, int pieceStart) {
        int start = model.pattern() == PreTokenPattern.CHAR ? pieceStart : at;
        int decoded = Utf8.decode(utf8, start, utf8.length);
        String what = decoded == Utf8.INVALID
                ? String.format(Locale.ROOT, "byte 0x%02X", utf8[at])
                : String.format(Locale.ROOT, "character U+%04X (%s)", decoded >>> 3, Character.toString(decoded >>> 3));
        return new PolyglowException(
                ErrorKind.DATA,
                "The " + what + " at byte " + at + " of the text is not in the closed vocabulary of this tokenizer ("
                        + vocabSize()
                        + " tokens, no byte fallback). Remove it from the text, or train a tokenizer with byte fallback.");
    }

    private void fillLookups() {
        Arrays.fill(idOfByte, -1);
        boolean[] added = new boolean[bytesOfId.length];
        model.addedTokens().forEach(token -> added[token.id()] = true);
        for (int id = 0; id < bytesOfId.length; id++) {
            byte[] bytes = bytesOfId[id];
            if (added[id]) {
                continue;
            }
            if (bytes.length == 1) {
                idOfByte[bytes[0] & 0xFF] = id;
            } else if (model.wholePieceFirst()) {
                wholePieces.put(new String(bytes, StandardCharsets.ISO_8859_1), id);
            }
        }
    }

    private static byte[][] bytesOfIds(BpeModel model) {
        byte[][] bytes = new byte[model.size()][];
        for (int id = 0; id < model.vocabulary().size(); id++) {
            String token = model.vocabulary().get(id);
            byte @Nullable [] decoded = ByteAlphabet.decode(token);
            bytes[id] = decoded == null ? token.getBytes(StandardCharsets.UTF_8) : decoded;
        }
        for (AddedToken token : model.addedTokens()) {
            bytes[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    private static MergeTable mergeTable(BpeModel model) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < model.vocabulary().size(); id++) {
            ids.put(model.vocabulary().get(id), id);
        }
        IntPairs pairs = model.merges();
        MergeTable table = new MergeTable(pairs.size());
        for (int rank = 0; rank < pairs.size(); rank++) {
            String merged = model.vocabulary().get(pairs.left(rank))
                    + model.vocabulary().get(pairs.right(rank));
            table.put(pairs.left(rank), pairs.right(rank), rank, Objects.requireNonNull(ids.get(merged)));
        }
        return table;
    }

    private static int endOfText(List<AddedToken> tokens) {
        for (String name : END_OF_TEXT) {
            for (AddedToken token : tokens) {
                if (token.content().equals(name)) {
                    return token.id();
                }
            }
        }
        return -1;
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
