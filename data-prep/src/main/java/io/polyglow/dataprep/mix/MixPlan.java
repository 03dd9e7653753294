package io.polyglow.dataprep.mix;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import io.polyglow.dataprep.doc.Digest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * How often the documents of each language stand in the training shards, known before any shard is written. A document of language L and weight w (see
 * {@link DocumentWeights}) stands there floor(e) times or once more, e = epochs(L) * w, decided by a hash of (seed, id): the same on any machine. Languages are
 * weighed against each other in tokens, since a byte means less in one script than in another.
 *
 * @param bytesPerToken bytes of text in a token, as measured, by language
 * @param epochs how often a document of weight 1 is trained on, by language
 */
public record MixPlan(
        MixConfig config,
        List<MixGroup> groups,
        Map<String, Double> bytesPerToken,
        Map<String, Double> epochs,
        DocumentWeights weights,
        long seed)
        implements Copies {
    private static final String PURPOSE = "mix";

    /** Most often that one document is written. */
    private static final int MAX_COPIES = 1_000_000;

    /**
     * Plans a mix.
     *
     * @param groups the documents of the training side
     * @param bytesPerToken of every language that they are in
     * @throws PolyglowException of kind USAGE when the config gives a language no weight, or names one that is not there
     */
    public static MixPlan of(MixConfig config, List<MixGroup> groups, Map<String, Double> bytesPerToken, long seed) {
        TreeMap<String, Double> sizes = new TreeMap<>();
        groups.forEach(group -> sizes.merge(
                group.language(), group.weightedBytes() / bytesPerToken(bytesPerToken, group.language()), Double::sum));
        List<String> languages = List.copyOf(sizes.keySet());
        double[] size = sizes.values().stream().mapToDouble(tokens -> tokens).toArray();
        double[] amounts = amounts(config, languages, size);
        TreeMap<String, Double> epochs = new TreeMap<>();
        for (int i = 0; i < size.length; i++) {
            epochs.put(languages.get(i), size[i] == 0 ? 0 : amounts[i] / size[i]);
        }
        return new MixPlan(
                config,
                List.copyOf(groups),
                Collections.unmodifiableMap(new TreeMap<>(bytesPerToken)),
                Collections.unmodifiableMap(epochs),
                DocumentWeights.of(config),
                seed);
    }

    /**
     * Refuses weights that do not fit the languages of a corpus, which is known long before its tokenizer.
     *
     * @throws PolyglowException of kind USAGE, see {@link #of}
     */
    public static void requireWeights(MixConfig config, List<MixGroup> groups) {
        if (config.policy() == MixConfig.Policy.WEIGHTS) {
            List<String> languages =
                    groups.stream().map(MixGroup::language).distinct().toList();
            requirePresent(config.weights(), languages);
            languages.forEach(language -> weight(config, language, 1));
        }
    }

    private static double bytesPerToken(Map<String, Double> measured, String language) {
        Double bytes = measured.get(language);
        if (bytes == null) {
            throw new IllegalArgumentException("the tokenizer was not measured on " + language);
        }
        return bytes;
    }

    /** Tokens of each language to train on. */
    static double[] amounts(MixConfig config, List<String> languages, double[] sizes) {
        double[] weights = new double[sizes.length];
        double[] caps = new double[sizes.length];
        double natural = 0;
        if (config.policy() == MixConfig.Policy.WEIGHTS) {
            requirePresent(config.weights(), languages);
        }
        for (int i = 0; i < sizes.length; i++) {
            weights[i] = weight(config, languages.get(i), sizes[i]);
            caps[i] = config.policy() == MixConfig.Policy.AS_IS ? Double.MAX_VALUE : config.maxEpochs() * sizes[i];
            natural += sizes[i];
        }
        return Allocation.of(weights, caps, config.totalTokens() == 0 ? natural : config.totalTokens());
    }

    private static double weight(MixConfig config, String language, double size) {
        return switch (config.policy()) {
            case AS_IS -> size;
            case TEMPERATURE -> size == 0 ? 0 : StrictMath.pow(size, config.alpha());
            case UNIMAX -> size == 0 ? 0 : 1;
            case WEIGHTS -> {
                Double weight =
                        config.weights().getOrDefault(language, config.weights().get(MixConfig.OTHERS));
                if (weight == null) {
                    throw new PolyglowException(
                            ErrorKind.USAGE,
                            "mix.weights has no weight for " + language
                                    + ", which the corpus has text of; name it (0 leaves it out), or give \"*\" a weight.");
                }
                yield weight;
            }
        };
    }

    private static void requirePresent(Map<String, Double> weights, List<String> languages) {
        for (String named : weights.keySet()) {
            if (!named.equals(MixConfig.OTHERS) && !languages.contains(named)) {
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "mix.weights names " + named + ", but the corpus has no text of that language; it has "
                                + String.join(", ", languages) + ".");
            }
        }
    }

    @Override
    public int of(String id, String language, String source, long clusterSize) {
        double wanted = Math.min(MAX_COPIES, epochs.getOrDefault(language, 0.0) * weights.weight(source, clusterSize));
        int whole = (int) wanted;
        return whole + (Digest.fraction(seed, PURPOSE, id) < wanted - whole ? 1 : 0);
    }

    /** Bytes of text that the training shards will be made from, about. */
    public long plannedBytes() {
        return Math.round(groups.stream().mapToDouble(this::plannedBytes).sum());
    }

    private double plannedBytes(MixGroup group) {
        return epochs.getOrDefault(group.language(), 0.0) * group.weightedBytes();
    }

    /** One line a language, then one a source if sources have weights: what there is, how often it is trained on, how many tokens that makes. */
    public String table() {
        Row all = Row.sum(byLanguage().values());
        List<String> lines = new ArrayList<>();
        lines.add(line("language", "documents", "bytes", "~ tokens", "epochs", "~ trained on", "share"));
        byLanguage().forEach((language, row) -> lines.add(line(language, row, all)));
        lines.add(line("all", all, all));
        if (!config.sourceWeights().isEmpty()) {
            lines.add(line("source", "documents", "bytes", "~ tokens", "epochs", "~ trained on", "share"));
            bySource().forEach((source, row) -> lines.add(line(source, row, all)));
        }
        return String.join("\n", lines) + "\n";
    }

    /** {@code mix.json}: the settings and what they make of each language and source. */
    public JsonObject json() {
        return new JsonObject()
                .put("format", "polyglow-mix")
                .put("version", 2)
                .put("policy", config.policy().name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .put("seed", seed)
                .put("planned_bytes", plannedBytes())
                .put("languages", rows("language", byLanguage()))
                .put("sources", rows("source", bySource()));
    }

    private Map<String, Row> byLanguage() {
        TreeMap<String, Row> rows = new TreeMap<>();
        groups.forEach(group -> rows.merge(group.language(), row(group), Row::plus));
        return rows;
    }

    private Map<String, Row> bySource() {
        TreeMap<String, Row> rows = new TreeMap<>();
        groups.forEach(group -> rows.merge(group.source(), row(group), Row::plus));
        return rows;
    }

    private Row row(MixGroup group) {
        double perToken = bytesPerToken(bytesPerToken, group.language());
        double planned = plannedBytes(group);
        return new Row(group.documents(), group.bytes(), group.bytes() / perToken, planned, planned / perToken);
    }

    private record Row(long documents, long bytes, double tokens, double plannedBytes, double plannedTokens) {
        Row plus(Row other) {
            return new Row(
                    documents + other.documents,
                    bytes + other.bytes,
                    tokens + other.tokens,
                    plannedBytes + other.plannedBytes,
                    plannedTokens + other.plannedTokens);
        }

        static Row sum(Iterable<Row> rows) {
            Row sum = new Row(0, 0, 0, 0, 0);
            for (Row row : rows) {
                sum = sum.plus(row);
            }
            return sum;
        }

        /** Average over the documents, by tokens. */
        double epochs() {
            return tokens == 0 ? 0 : plannedTokens / tokens;
        }
    }

    private static JsonArray rows(String what, Map<String, Row> rows) {
        JsonArray array = new JsonArray();
        rows.forEach((name, row) -> array.add(new JsonObject()
                .put(what, name)
                .put("documents", row.documents)
                .put("bytes", row.bytes)
                .put("tokens", Math.round(row.tokens))
                .put("epochs", row.epochs())
                .put("planned_bytes", Math.round(row.plannedBytes))
                .put("planned_tokens", Math.round(row.plannedTokens))));
        return array;
    }

    private static String line(String name, Row row, Row all) {
        return line(
                name,
                String.format(Locale.ROOT, "%,d", row.documents),
                String.format(Locale.ROOT, "%,d", row.bytes),
                String.format(Locale.ROOT, "%,d", Math.round(row.tokens)),
                String.format(Locale.ROOT, "%.3f", row.epochs()),
                String.format(Locale.ROOT, "%,d", Math.round(row.plannedTokens)),
                String.format(Locale.ROOT, "%.2f %%", 100 * row.plannedTokens / Math.max(1, all.plannedTokens)));
    }

    private static String line(String... cells) {
        return String.format(Locale.ROOT, "%-16s %12s %17s %15s %9s %15s %9s", (Object[]) cells)
                .stripTrailing();
    }
}
