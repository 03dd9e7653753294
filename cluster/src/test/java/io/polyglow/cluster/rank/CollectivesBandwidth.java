package io.polyglow.cluster.rank;

import io.polyglow.common.AllowApi;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Prints the bandwidth of reduce-scatter and all-gather over Aeron on one host, one JVM a rank: arguments MEMORY|UDP RANKS MIB ROUNDS. The command is in
 * {@code docs/design/transport.md}.
 */
@AllowApi("prints a table")
final class CollectivesBandwidth {
    private CollectivesBandwidth() {}

    public static void main(String[] args) throws Exception {
        Medium medium = Medium.valueOf(args[0]);
        int ranks = Integer.parseInt(args[1]);
        double gigabytes = Integer.parseInt(args[2]) * 1048576.0 / 1e9;
        int rounds = Integer.parseInt(args[3]);
        List<RankProcess> processes = RankProcess.startAll(medium, ranks, 1, "bandwidth", args[2], args[3]);
        double[] reduce = new double[rounds];
        double[] gather = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            for (RankProcess process : processes) {
                String[] seconds = process.await("seconds ").split(" ");
                reduce[round] = Math.max(reduce[round], Double.parseDouble(seconds[0]));
                gather[round] = Math.max(gather[round], Double.parseDouble(seconds[1]));
            }
        }
        double[] both = new double[rounds];
        Arrays.setAll(both, i -> reduce[i] + gather[i]);
        System.out.printf(
                Locale.ROOT,
                "%s, %d ranks, %s MiB: reduce-scatter %.2f, all-gather %.2f, all-reduce %.2f GB/s (median; best all-reduce %.2f)%n",
                medium,
                ranks,
                args[2],
                gigabytes / median(reduce),
                gigabytes / median(gather),
                gigabytes / median(both),
                gigabytes / Arrays.stream(both).min().orElseThrow());
        processes.forEach(RankProcess::close);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
