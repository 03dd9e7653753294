package io.polyglow.dataprep.sample;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import io.polyglow.dataprep.clean.TextNormalizer;
import io.polyglow.dataprep.sample.SampleLines.Line;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * Writes a multilingual corpus with known right answers: lines such as {@code de | 417 | vierhundertsiebzehn}, some dates and country
 * names, the same for the same {@link SampleConfig} on every machine. The directory holds
 *
 * <ul>
 *   <li>{@code train/LANGUAGE.jsonl}: one document a line, {@code id}, {@code language}, {@code text}; the input of {@code prepare};
 *   <li>{@code heldout.jsonl}: numbers that no language trains on: {@code language}, {@code number}, {@code prompt}, {@code answer};
 *   <li>{@code sample.json}: the settings and what came out of them.
 * </ul>
 */
public final class SampleCorpus {
    private final SampleConfig config;
    private final List<Speller> spellers;

    /** Refuses languages without rules. */
    public SampleCorpus(SampleConfig config) {
        this.config = config;
        List<String> tags =
                config.languages().equals(List.of(SampleConfig.ALL)) ? Speller.languages() : config.languages();
        this.spellers = tags.stream().map(Speller::require).toList();
    }

    /**
     * What was written.
     *
     * @param languages tags in the order of the config
     */
    public record Summary(List<String> languages, long trainingLines, long heldOutLines, long bytes) {}

    /** Writes the corpus as {@code directory} of the store; it appears whole or not at all. The directory must not exist. */
    public Summary write(Store store, String directory) throws IOException {
        if (store.exists(directory)) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "The sample corpus " + store.root() + "/" + directory
                            + " exists already. Delete it or choose another name.");
        }
        String staging = directory + ".incomplete";
        store.delete(staging);
        Summary summary = writeFiles(store, staging);
        store.publish(staging, directory);
        return summary;
    }

    private Summary writeFiles(Store store, String directory) throws IOException {
        Count training = new Count();
        Count heldOut = new Count();
        for (Speller speller : spellers) {
            String file = directory + "/train/" + speller.language() + ".jsonl";
            training.add(write(store, file, new SampleLines(config, speller).training(), SampleCorpus::document));
        }
        Stream<Line> tests = spellers.stream().flatMap(speller -> new SampleLines(config, speller).heldOut());
        heldOut.add(write(store, directory + "/heldout.jsonl", tests, SampleCorpus::test));
        Summary summary = new Summary(
                spellers.stream().map(Speller::language).toList(), training.lines, heldOut.lines, training.bytes);
        try (Store.Output out = store.create(directory + "/sample.json")) {
            out.write(Json.pretty(describe(summary)).getBytes(StandardCharsets.UTF_8));
            out.sync();
        }
        return summary;
    }

    private static Count write(Store store, String file, Stream<Line> lines, Function<Line, JsonObject> toJson)
            throws IOException {
        Count count = new Count();
        try (Store.Output sink = store.create(file);
                OutputStream out = new BufferedOutputStream(sink, 1 << 16)) {
            for (Iterator<Line> i = lines.iterator(); i.hasNext(); ) {
                byte[] bytes = (Json.line(toJson.apply(i.next())) + "\n").getBytes(StandardCharsets.UTF_8);
                out.write(bytes);
                count.lines++;
                count.bytes += bytes.length;
            }
            out.flush();
            sink.sync();
        }
        return count;
    }

    private static JsonObject document(Line line) {
        return new JsonObject()
                .put("id", line.language() + "-" + line.key())
                .put("language", line.language())
                .put("text", line.text());
    }

    private static JsonObject test(Line line) {
        return new JsonObject()
                .put("language", line.language())
                .put("number", Long.parseLong(line.key()))
                .put("prompt", line.prompt())
                .put("answer", line.answer());
    }

    private JsonObject describe(Summary summary) {
        return new JsonObject()
                .put("languages", new ArrayList<>(summary.languages()))
                .put("numbers", config.numbers())
                .put("lines-per-language", config.linesPerLanguage())
                .put("held-out", config.heldOut())
                .put("dates", config.dates())
                .put("names", config.names())
                .put("seed", config.seed())
                .put("training-lines", summary.trainingLines())
                .put("held-out-lines", summary.heldOutLines())
                .put("training-bytes", summary.bytes())
                .put("icu", TextNormalizer.icuVersion());
    }

    private static final class Count {
        long lines;
        long bytes;

        void add(Count other) {
            lines += other.lines;
            bytes += other.bytes;
        }
    }
}
