package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Times the kernels of a plan's training step one by one, each beside the peak that the same run measures. */
final class KernelBench {
    private KernelBench() {}

    static JsonObject run(BenchOptions options, WorkFolder folder, Consumer<String> news) throws IOException {
        Files.createDirectories(folder.root());
        folder.write("plan.json", options.plan().json());
        news.accept("JMH runs, some minutes; it tells how far it is in " + folder.file("kernels-jmh.log"));
        return Contenders.kernels().run(folder, "kernels", "jmh", options.timeoutSeconds());
    }

    /** The result as a table. */
    static List<String> table(JsonObject result) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("kernel", "us", "min", "max", "GFLOP/s", "GB/s", "of peak"));
        for (JsonObject kernel : result.getArray("kernels").objects()) {
            rows.add(List.of(
                    kernel.getString("name"),
                    number(kernel, "microseconds", "%.1f"),
                    number(kernel, "min", "%.1f"),
                    number(kernel, "max", "%.1f"),
                    number(kernel, "gflops", "%.1f"),
                    number(kernel, "gbytes", "%.1f"),
                    String.format(Locale.ROOT, "%.0f %%", 100 * kernel.getDouble("share"))));
        }
        List<String> lines = new ArrayList<>(Columns.align(rows));
        lines.add(String.format(
                Locale.ROOT,
                "peaks of this run: %.1f GFLOP/s (fastest product), %.1f GB/s (copy)",
                result.getDouble("peak_gflops"),
                result.getDouble("peak_gbytes")));
        return lines;
    }

    private static String number(JsonObject kernel, String name, String format) {
        return kernel.has(name) ? String.format(Locale.ROOT, format, kernel.getDouble(name)) : "-";
    }
}
