package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.agrona.collections.IntArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A tokenizer of SentencePiece's family (Kudo and Richardson 2018): text is normalised, cut, and each pre-token written in subwords by {@link FallbackBpe} or
 * {@link Unigram}. Ids are those of Hugging Face tokenizers for the same {@code tokenizer.json}, without the tokens that a post-processor adds. Tokens that no
 * text may produce (special, unknown, bytes) are never found in text. Memory for encoding: about 16 bytes for each byte of the longest pre-token, and
 * 2 MB for each thread that encodes at the same time as others, kept for the next.
 */
final class PieceTokenizer implements Tokenizer {
    private final byte[] json;
    private final String sha256;
    private final @Nullable Normalizer normalizer;
    private final PreTokenizer preTokenizer;
    private final SubwordModel subwords;
    private final PieceFrameJson.Trim trim;
    private final byte[][] bytesOfId;
    private final boolean[] isText;
    private final Queue<PieceCache> idle = new ConcurrentLinkedQueue<>();
    private final int endOfTextId;
    private final boolean isLossless;

    PieceTokenizer(PieceModel model) {
        json = PieceModelJson.write(model).getBytes(StandardCharsets.UTF_8);
        sha256 = HexFormat.of().formatHex(ByteLevelBpe.sha256(json));
        JsonObject frame = model.frame();
        PreTokenRule rule = PieceFrameJson.byteLevel(frame);
        boolean byteLevel = rule != null;
        isLossless = rule != null && rule.isLossless();
        subwords = subwords(model, byteLevel);
        normalizer = frame.get("normalizer") == null ? null : Normalizers.parse(frame);
        preTokenizer = rule != null ? cutter(rule) : PieceFrameJson.preTokenizer(frame, subwords.crossesWords());
        trim = PieceFrameJson.trim(frame);
        isText = new boolean[model.size()];
        bytesOfId = bytesOfIds(model, byteLevel, isText);
        endOfTextId = ByteLevelBpe.endOfText(model.addedTokens());
    }

    private static PreTokenizer cutter(PreTokenRule rule) {
        return rule instanceof PreTokenPattern pattern ? PreTokenizer.of(pattern::end) : (PreTokenSteps) rule;
    }

    private static SubwordModel subwords(PieceModel model, boolean byteLevel) {
        Fallback fallback = Fallback.of(model.vocabulary(), model.byteFallback(), model.unknownId());
        boolean[] reserved = model.reserved();
        if (model.merges() != null) {
            return new FallbackBpe(
                    model.vocabulary(), model.merges(), id -> reserved[id], fallback, model.fuseUnknown());
        }
        byte[][] tokens = new byte[reserved.length][];
        for (int id = 0; id < tokens.length; id++) {
            tokens[id] = utf8(model.vocabulary().get(id), byteLevel);
        }
        double[] scores = Objects.requireNonNull(model.scores()).stream()
                .mapToDouble(score -> score)
                .toArray();
        return new Unigram(tokens, scores, id -> reserved[id], fallback, byteLevel);
    }

    private static byte[] utf8(String token, boolean byteLevel) {
        byte[] bytes = byteLevel ? ByteAlphabet.decode(token) : null;
        return bytes == null ? token.getBytes(StandardCharsets.UTF_8) : bytes;
    }

    /** What ids decode to; {@code isText} tells tokens in which marks are spaces. Decoders see added tokens too: Gemma has runs of marks among them. */
    private static byte[][] bytesOfIds(PieceModel model, boolean byteLevel, boolean[] isText) {
        byte[][] bytes = new byte[model.size()][];
        for (int id = 0; id < model.vocabulary().size(); id++) {
            String token = model.vocabulary().get(id);
            int value = model.byteFallback() ? Fallback.byteOf(token) : -1;
            isText[id] = value < 0 && !byteLevel;
            bytes[id] = value >= 0
                    ? new byte[] {(byte) value}
                    : utf8(byteLevel ? token : token.replace(Spaces.MARK, " "), byteLevel);
        }
        for (AddedToken token : model.addedTokens()) {
            isText[token.id()] = !byteLevel;
            String text = byteLevel ? token.content() : token.content().replace(Spaces.MARK, " ");
            bytes[token.id()] = text.getBytes(StandardCharsets.UTF_8);
        }
        return bytes;
    }

    @Override
    public int vocabSize() {
        return bytesOfId.length;
    }

    @Override
    public int endOfTextId() {
        return endOfTextId;
    }

    /** Byte-level models only: normalisers, and marks that stand for spaces, lose something by nature. */
    @Override
    public boolean isLossless() {
        return isLossless;
    }

    @Override
    public byte[] json() {
        return json.clone();
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public void encode(byte[] utf8, int offset, int length, IntArrayList ids) {
        Objects.checkFromIndexSize(offset, length, utf8.length);
        byte[] input = Arrays.copyOfRange(utf8, offset, offset + length);
        Pieces pieces = preTokenizer.cut(normalizer == null ? input : normalizer.normalize(input));
        byte[] text = pieces.text();
        SubwordModel.Encoder encoder = subwords.encoder();
        PieceCache cache = Objects.requireNonNullElseGet(idle.poll(), PieceCache::new);
        for (int i = 0, start = 0; i < pieces.count(); start = pieces.end(i), i++) {
            int end = pieces.end(i);
            if (end - start > PieceCache.MAX_BYTES) {
                encoder.encode(text, start, end, ids);
            } else if (!cache.appendIfKnown(text, start, end, ids)) {
                int first = ids.size();
                encoder.encode(text, start, end, ids);
                cache.put(ids, first);
            }
        }
        idle.add(cache);
    }

    @Override
    public byte[] decode(int[] ids, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, ids.length);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = offset; i < offset + length; i++) {
            if (ids[i] < 0 || ids[i] >= bytesOfId.length) {
                throw new PolyglowException(
                        ErrorKind.DATA,
                        "Token id " + ids[i] + " at index " + i + " is outside of this tokenizer's [0, "
                                + bytesOfId.length + "). The ids were made with another tokenizer.");
            }
            boolean first = i == offset && trim == PieceFrameJson.Trim.FIRST_TOKEN && isText[ids[i]];
            out.writeBytes(
                    first ? Spaces.replace(bytesOfId[ids[i]], new byte[] {' '}, new byte[0]) : bytesOfId[ids[i]]);
        }
        byte[] text = out.toByteArray();
        boolean strip = trim == PieceFrameJson.Trim.ONE_SPACE && text.length > 0 && text[0] == ' ';
        return strip ? Arrays.copyOfRange(text, 1, text.length) : text;
    }
}
