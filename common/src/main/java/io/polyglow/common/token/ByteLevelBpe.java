package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.agrona.collections.IntArrayList;

/**
 * Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019) with the ids of Hugging Face tokenizers. Text is cut by a {@link PreTokenRule}; within a
 * pre-token the pair of lowest rank merges first, the leftmost among equals. Linear in the text, whatever the text: see {@link PieceEncoder}. Each thread that
 * encodes at the same time as others takes 2 MB of scratch memory, kept for the next.
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
    private final EncodingTables tables;
    private final Queue<PieceEncoder> idle = new ConcurrentLinkedQueue<>();
    private final int endOfTextId;

    /** Builds the tables; the model must be consistent, as {@link TokenizerJson#parse} and the trainers guarantee. */
    public ByteLevelBpe(BpeModel model) {
        this.model = model;
        json = TokenizerJson.write(model).getBytes(StandardCharsets.UTF_8);
        sha256 = HexFormat.of().formatHex(sha256(json));
        tables = new EncodingTables(model);
        endOfTextId = endOfText(model.addedTokens());
    }

    /** The parts of this tokenizer. */
    public BpeModel model() {
        return model;
    }

    @Override
    public byte[] json() {
        return json.clone();
    }

    @Override
    public int vocabSize() {
        return tables.size();
    }

    @Override
    public int endOfTextId() {
        return endOfTextId;
    }

    @Override
    public boolean isLossless() {
        return model.pattern().isLossless();
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public void encode(byte[] utf8, int offset, int length, IntArrayList ids) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        PieceEncoder encoder = idle.poll();
        if (encoder == null) {
            encoder = new PieceEncoder(tables, model.pattern());
        }
        encoder.encode(utf8, offset, offset + length, ids);
        idle.add(encoder);
    }

    /**
     * Appends the ids of a text in which the named special tokens stand for themselves, as in a chat: {@code <|im_start|>user ...}. For text of one's own
     * making only, since whoever can write the text can write these too. Where several begin, the longest counts.
     *
     * @throws PolyglowException USAGE if the tokenizer has no special token of such a name
     */
    public void encodeWithSpecial(byte[] utf8, int offset, int length, Collection<String> allowed, IntArrayList ids) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        SpecialTokens specials = SpecialTokens.named(model.addedTokens(), allowed);
        int limit = offset + length;
        int start = offset;
        for (int at = offset; at < limit; ) {
            int found = specials.at(utf8, at, limit);
            if (found < 0) {
                at++;
                continue;
            }
            encode(utf8, start, at - start, ids);
            ids.addInt(found);
            at += tables.length(found);
            start = at;
        }
        encode(utf8, start, limit - start, ids);
    }

    /** Appends the ids of a text with what the tokenizer's file asks for around it: {@code bos}, {@code eos}. */
    public void encodeFramed(byte[] utf8, int offset, int length, IntArrayList ids) {
        model.frame().before().forEach(ids::addInt);
        encode(utf8, offset, length, ids);
        model.frame().after().forEach(ids::addInt);
    }

    /**
     * Where each of the ids {@code [first, ids.size())} ends in the text that they were encoded from, in bytes; each begins where the one before ends. Where the tokenizer is lossless,
     * lengths are all it takes. A special token counts with the length of its name.
     */
    public long[] ends(IntArrayList ids, int first) {
        long[] ends = new long[ids.size() - first];
        long end = 0;
        for (int i = 0; i < ends.length; i++) {
            end += tables.length(ids.getInt(first + i));
            ends[i] = end;
        }
        return ends;
    }

    @Override
    public byte[] decode(int[] ids, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, ids.length);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = offset; i < offset + length; i++) {
            if (ids[i] < 0 || ids[i] >= tables.size()) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "Token id " + ids[i] + " at index " + i + " is outside of this tokenizer's [0, " + tables.size()
                                + "). The ids were made with another tokenizer.");
            }
            bytes.writeBytes(tables.bytes(ids[i]));
        }
        return bytes.toByteArray();
    }

    static int endOfText(List<AddedToken> tokens) {
        for (String name : END_OF_TEXT) {
            for (AddedToken token : tokens) {
                if (token.content().equals(name)) {
                    return token.id();
                }
            }
        }
        return -1;
    }

    static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
