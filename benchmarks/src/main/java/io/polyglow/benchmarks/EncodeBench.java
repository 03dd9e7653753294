package io.polyglow.benchmarks;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Times encoding, ours beside peers in one JVM, in the module {@code benchmarks/tokenizers}. */
final class EncodeBench {
    private static final String OURS = Contenders.OURS;

    private EncodeBench() {}

    static JsonObject run(EncodeOptions options, WorkFolder folder, Consumer<String> news) throws IOException {
        for (String input : options.inputs()) {
            if (!EncodeOptions.isGenerated(input) && !Files.exists(Path.of(input))) {
                throw new PolyglowException(ErrorKind.USAGE, "--input " + input + " does not exist");
            }
        }
        Files.createDirectories(folder.root());
        folder.write("encode.json", options.plan());
        news.accept("one JVM times all in turn; it tells how far it is in " + folder.file("tokenizers-race.log"));
        return report(Contenders.tokenizers().run(folder, "encode", "race", options.timeoutSeconds()));
    }

    /** Rows with speeds; {@code ratio_to.PEER} is the smallest ratio of medians over encodings and inputs. */
    static JsonObject report(JsonObject result) {
        Map<String, Double> ours = new LinkedHashMap<>();
        Map<String, Double> ratios = new LinkedHashMap<>();
        JsonArray rows = new JsonArray();
        for (JsonObject row : result.getArray("rows").objects()) {
            Spread speed = speed(row);
            String contest = row.getString("encoding") + " " + row.getString("input");
            String contender = row.getString("contender");
            JsonObject shown = new JsonObject()
                    .put("contender", contender)
                    .put("encoding", row.getString("encoding"))
                    .put("input", row.getString("input"))
                    .put("documents", row.getLong("documents"))
                    .put("bytes", row.getLong("bytes"))
                    .put("tokens", row.getLong("tokens"))
                    .put("mb_per_second", speed.json());
            if (contender.equals(OURS)) {
                ours.put(contest, speed.median());
            } else {
                @Nullable Double own = ours.get(contest);
                double ratio = own == null ? Double.NaN : own / speed.median();
                ratios.merge(contender, ratio, Math::min);
                shown.put("ours_over_this", ratio);
            }
            rows.add(shown);
        }
        JsonObject ratioTo = new JsonObject();
        ratios.forEach(ratioTo::put);
        return new JsonObject().put("rows", rows).put("ratio_to", ratioTo);
    }

    private static Spread speed(JsonObject row) {
        JsonArray seconds = row.getArray("seconds");
        List<Double> values = new ArrayList<>();
        for (int i = 0; i < seconds.size(); i++) {
            values.add(row.getLong("bytes") / 1e6 / seconds.getDouble(i));
        }
        return Spread.of(values);
    }

    /** The result as a table. */
    static List<String> table(JsonObject report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("input", "encoding", "contender", "MB/s min - median - max", "ours is"));
        for (JsonObject row : report.getArray("rows").objects()) {
            JsonObject speed = row.getObject("mb_per_second");
            rows.add(List.of(
                    row.getString("input"),
                    row.getString("encoding"),
                    row.getString("contender"),
                    new Spread(speed.getDouble("min"), speed.getDouble("median"), speed.getDouble("max")).text("%.1f"),
                    row.has("ours_over_this")
                            ? String.format(Locale.ROOT, "%.2f x", row.getDouble("ours_over_this"))
                            : "-"));
        }
        return Columns.align(rows);
    }
}
