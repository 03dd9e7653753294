package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.io.InputStream;

/**
 * The one door for tokenizer files: whoever reads one gets the {@link Tokenizer} that it describes. A {@code tokenizer.json} may hold byte-level BPE, BPE over
 * characters with byte fallback, or a unigram model; a SentencePiece {@code .model} holds one of the last two. What a file is, is seen from its
 * contents, not from its name.
 */
public final class TokenizerFile {
    private TokenizerFile() {}

    /** Reads a file of a store; one that means something that no tokenizer here does is refused with the place. */
    public static Tokenizer read(Store store, String path) throws IOException {
        try (InputStream in = store.open(path, 0)) {
            return parse(store.root() + "/" + path, in);
        }
    }

    /** The same for a stream, which is not closed; {@code source} is what errors call it. */
    public static Tokenizer parse(String source, InputStream in) throws IOException {
        byte[] bytes = in.readNBytes(TokenizerJson.MAX_BYTES + 1);
        if (bytes.length > TokenizerJson.MAX_BYTES) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    source + ": a tokenizer file has at most " + TokenizerJson.MAX_BYTES + " bytes. Check the path.");
        }
        if (SentencePieceFile.isOne(bytes)) {
            return new PieceTokenizer(PieceModelJson.parse(SentencePieceFile.json(source, bytes)));
        }
        if (!isJson(bytes)) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    source
                            + ": neither a tokenizer.json nor a SentencePiece .model. A .tiktoken file (some are"
                            + " called tokenizer.model) becomes a tokenizer.json by `polyglow tokenizer import FILE"
                            + " --encoding NAME --to tokenizer.json`, with r50k_base, p50k_base, cl100k_base,"
                            + " o200k_base or llama3 as NAME.");
        }
        JsonObject root = Json.parseObject(source, bytes, TokenizerJson.MAX_BYTES);
        return PieceModelJson.describes(root)
                ? new PieceTokenizer(PieceModelJson.parse(root))
                : new ByteLevelBpe(TokenizerJson.parse(root));
    }

    /** Whether the first character is that of a JSON object. */
    private static boolean isJson(byte[] bytes) {
        int at = 0;
        while (at < bytes.length && Character.isWhitespace(bytes[at])) {
            at++;
        }
        return at < bytes.length && bytes[at] == '{';
    }
}
