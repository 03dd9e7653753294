package io.polyglow.benchmarks.tokenizers;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TiktokenEncoding;
import io.polyglow.common.token.TiktokenFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;

/** The contenders, all from the ranks that jtokkit ships: those of tiktoken. */
final class Encoders {
    static final String OURS = "polyglow";
    static final String JTOKKIT = "jtokkit";
    static final String HUGGING_FACE = "hf";

    private Encoders() {}

    /** The ranks of an encoding, read by our reader. */
    static BpeModel model(String encoding) throws IOException {
        String resource = encoding + ".tiktoken";
        try (InputStream in = Encodings.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new PolyglowException(ErrorKind.USAGE, "jtokkit has no encoding \"" + encoding + "\"");
            }
            return TiktokenFile.parse(resource, in, TiktokenEncoding.named(encoding));
        }
    }

    static TextEncoder named(String contender, String encoding, BpeModel model) throws IOException {
        return switch (contender) {
            case OURS -> new Ours(model);
            case JTOKKIT -> jtokkit(encoding);
            case HUGGING_FACE -> new HuggingFace(model);
            default ->
                throw new PolyglowException(
                        ErrorKind.USAGE, "--peers " + contender + " is not known; choose from hf, jtokkit");
        };
    }

    private static TextEncoder jtokkit(String encoding) {
        EncodingType type = EncodingType.fromName(encoding)
                .orElseThrow(() -> new PolyglowException(ErrorKind.USAGE, "jtokkit does not know " + encoding));
        Encoding theirs = Encodings.newLazyEncodingRegistry().getEncoding(type);
        return text -> theirs.encodeOrdinary(text).toArray();
    }

    private record Ours(BpeModel model, ByteLevelBpe tokenizer) implements TextEncoder {
        Ours(BpeModel model) {
            this(model, new ByteLevelBpe(model));
        }

        @Override
        public int[] encode(String text) {
            return tokenizer.encode(text);
        }

        @Override
        public TextEncoder fresh() {
            return new Ours(model);
        }
    }

    /** Hugging Face's tokenizers, through DJL, from the {@code tokenizer.json} that we write. */
    private static final class HuggingFace implements TextEncoder {
        private final HuggingFaceTokenizer tokenizer;

        HuggingFace(BpeModel model) throws IOException {
            System.setProperty("ai.djl.offline", "true");
            Map<String, String> options =
                    Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");
            tokenizer =
                    HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(new ByteLevelBpe(model).json()), options);
        }

        @Override
        public int[] encode(String text) {
            long[] ids = tokenizer.encode(text, false, false).getIds();
            int[] result = new int[ids.length];
            for (int i = 0; i < ids.length; i++) {
                result[i] = Math.toIntExact(ids[i]);
            }
            return result;
        }

        @Override
        public void close() {
            tokenizer.close();
        }
    }
}
