package io.polyglow.benchmarks.tokenizers;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.token.BpeModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.NanoClock;

/** One encoding over one input: ids are compared, then all contenders are timed in turn, A B A B, on one thread; ours begins each round with an empty cache. */
final class EncodeRace {
    private static final int WARMUPS = 2;

    private final NanoClock clock;
    private final int rounds;

    EncodeRace(NanoClock clock, int rounds) {
        this.clock = clock;
        this.rounds = rounds;
    }

    /** A row for each contender: {@code seconds} of each round. */
    List<JsonObject> run(String encoding, List<String> contenders, Texts texts) throws IOException {
        BpeModel model = Encoders.model(encoding);
        List<TextEncoder> encoders = new ArrayList<>();
        try {
            for (String contender : contenders) {
                encoders.add(Encoders.named(contender, encoding, model));
            }
            long tokens = compare(encoding, contenders, encoders, texts);
            List<JsonArray> seconds = time(encoders, texts);
            List<JsonObject> rows = new ArrayList<>();
            for (int i = 0; i < contenders.size(); i++) {
                rows.add(new JsonObject()
                        .put("contender", contenders.get(i))
                        .put("encoding", encoding)
                        .put("input", texts.name())
                        .put("documents", texts.documents().size())
                        .put("bytes", texts.bytes())
                        .put("tokens", tokens)
                        .put("seconds", seconds.get(i)));
            }
            return rows;
        } finally {
            encoders.forEach(TextEncoder::close);
        }
    }

    private static long compare(String encoding, List<String> names, List<TextEncoder> encoders, Texts texts) {
        long tokens = 0;
        for (int document = 0; document < texts.documents().size(); document++) {
            String text = texts.documents().get(document);
            int[] ours = encoders.get(0).encode(text);
            tokens += ours.length;
            for (int i = 1; i < encoders.size(); i++) {
                int[] theirs = encoders.get(i).encode(text);
                int at = Arrays.mismatch(ours, theirs);
                if (at >= 0) {
                    throw new PolyglowException(
                            ErrorKind.BUG,
                            encoding + ", document " + document + " of " + texts.name() + ": the ids of " + names.get(0)
                                    + " and " + names.get(i) + " differ from token " + at + " on; nothing was timed.");
                }
            }
        }
        return tokens;
    }

    private List<JsonArray> time(List<TextEncoder> encoders, Texts texts) {
        List<JsonArray> seconds = new ArrayList<>();
        encoders.forEach(encoder -> seconds.add(new JsonArray()));
        for (int round = -WARMUPS; round < rounds; round++) {
            for (int i = 0; i < encoders.size(); i++) {
                TextEncoder encoder = encoders.get(i).fresh();
                long startNs = clock.nanoTime();
                long tokens = 0;
                for (String text : texts.documents()) {
                    tokens += encoder.encode(text).length;
                }
                double elapsed = (clock.nanoTime() - startNs) / 1e9;
                if (round >= 0 && tokens >= 0) {
                    seconds.get(i).add(elapsed);
                }
            }
        }
        return seconds;
    }
}
