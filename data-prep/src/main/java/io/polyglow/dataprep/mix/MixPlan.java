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
 * {@link DocumentWeights}) stands there floor(e) times or once more, e = epochs(L) * w, decided by a hash of (seed, id): the same on any machine.
 *
 * @param epochs how often a document of weight 1 is trained on, by language
 */
public record MixPlan(
        MixConfig config, List<MixGroup> groups, Map<String, Double> epochs, DocumentWeights weights, long seed)
        implements Copies {
    private static final String PURPOSE = "mix";

    /** Most often that one document is written. */
    private static final int MAX_COPIES = 1_000_000;

    /** A rule of thumb for byte-level BPE, for the time before there is a tokenizer. */
    private static final double BYTES_PER_TOKEN = 4;

    /**
     * Plans a mix.
     *
     * @param groups the documents of the training side
     * @throws PolyglowException of kind USAGE when the config gives a language no weight, or names one that is not there
     */
    public static MixPlan of(MixConfig config, List<MixGroup> groups, long seed) {
        TreeMap<String, Double> sizes = new TreeMap<>();
        groups.forEach(group -> sizes.merge(group.language(), group.weightedBytes(), Double::sum));
        List<String> languages = List.copyOf(sizes.keySet());
        double[] size = sizes.values().stream().mapToDouble(bytes -> bytes).toArray();
        double[] amounts = amounts(config, languages, size);
        TreeMap<String, Double> epochs = new TreeMap<>();
        for (int i = 0; i < size.length; i++) {
            epochs.put(languages.get(i), size[i] == 0 ? 0 : amounts[i] / size[i]);
        }
        return new MixPlan(
                config, List.copyOf(groups), Collections.unmodifiableMap(epochs), DocumentWeights.of(config), seed);
    }

    /** Bytes of each language to train on. */
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
        return Allocation.of(weights, caps, config.totalBytes() == 0 ? natural : config.totalBytes());
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

    /** One line a language, then one a source if sources have weights: what there is, how often it is trained on, what that makes. */
    public String table() {
        List<String> lines = new ArrayList<>();
        lines.add(line("language", "documents", "bytes", "epochs", "planned bytes", "~ tokens", "share"));
        byLanguage().forEach((language, row) -> lines.add(line(language, row)));
        lines.add(line("all", Row.sum(byLanguage().values())));
        if (!config.sourceWeights().isEmpty()) {
            lines.add(line("source", "documents", "bytes", "epochs", "planned bytes", "~ tokens", "share"));
            bySource().forEach((source, row) -> lines.add(line(source, row)));
        }
        return String.join("\n", lines) + "\n";
    }

    /** {@code mix.json}: the settings and what they make of each language and source. */
    public JsonObject json() {
        return new JsonObject()
                .put("format", "polyglow-mix")
                .put("version", 1)
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
        return new Row(group.documents(), group.bytes(), plannedBytes(group));
    }

    private record Row(long documents, long bytes, double planned) {
        Row plus(Row other) {
            return new Row(documents + other.documents, bytes + other.bytes, planned + other.planned);
        }

        static Row sum(Iterable<Row> rows) {
            Row sum = new Row(0, 0, 0);
            for (Row row : rows) {
                sum = sum.plus(row);
            }
            return sum;
        }

        /** Average over the documents, by bytes. */
        double epochs() {
            return bytes == 0 ? 0 : planned / bytes;
        }
    }

    private static JsonArray rows(String what, Map<String, Row> rows) {
        JsonArray array = new JsonArray();
        rows.forEach((name, row) -> array.add(new JsonObject()
                .put(what, name)
                .put("documents", row.documents)
                .put("bytes", row.bytes)
                .put("epochs", row.epochs())
                .put("planned_bytes", Math.round(row.planned))
                .put("planned_tokens_estimate", Math.round(row.planned / BYTES_PER_TOKEN))));
        return array;
    }

    private String line(String name, Row row) {
        return line(
                name,
                String.format(Locale.ROOT, "%,d", row.documents),
                String.format(Locale.ROOT, "%,d", row.bytes),
                String.format(Locale.ROOT, "%.3f", row.epochs()),
                String.format(Locale.ROOT, "%,d", Math.round(row.planned)),
                String.format(Locale.ROOT, "%,d", Math.round(row.planned / BYTES_PER_TOKEN)),
                String.format(Locale.ROOT, "%.2f %%", 100 * row.planned / Math.max(1, plannedBytes())));
    }

    private static String line(String... cells) {
        return String.format(Locale.ROOT, "%-16s %12s %17s %9s %17s %15s %9s", (Object[]) cells)
                .stripTrailing();
    }
}
