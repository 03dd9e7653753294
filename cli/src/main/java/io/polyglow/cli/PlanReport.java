package io.polyglow.cli;

import io.polyglow.cluster.spark.RankMemory;
import io.polyglow.common.json.JsonObject;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.model.MemoryPlan;
import io.polyglow.trainer.plan.RunPlan;
import io.polyglow.trainer.plan.StageNeeds;
import io.polyglow.trainer.plan.StepTimes;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A plan as people and as programs read it. */
final class PlanReport {
    private static final double TEN_GIGABIT = 10e9 / 8;

    private final RunPlan plan;
    private final TrainConfig config;
    private final String engine;
    private final MemoryPlan process;
    private final RankRoom room;

    /** A report of a plan on this machine's engine, whose ranks have {@code room}. */
    PlanReport(RunPlan plan, String engine, RankRoom room) {
        this.plan = plan;
        this.config = plan.config();
        this.engine = engine;
        this.room = room;
        this.process = room.process(config);
    }

    void print(Console console, @Nullable StepTimes times) {
        console.line(String.format(
                Locale.ROOT,
                "model       %,d parameters; %,d layers, %,d channels, context %,d, vocabulary %,d",
                plan.parameters(),
                config.model().layers(),
                config.model().channels(),
                config.model().context(),
                config.model().vocabSize()));
        console.line("layout      " + config.layout().data() + " replicas x "
                + config.layout().pipeline() + " stages = "
                + config.layout().grid().worldSize() + " ranks; a pipeline idles " + percent(plan.bubbleShare())
                + " of a step");
        console.line(String.format(
                Locale.ROOT,
                "step        %,d tokens, %.3g floating-point operations",
                plan.tokensPerStep(),
                plan.flopsPerStep()));
        console.line("engine      " + engine + ", dtype " + plan.dtype());
        console.line("");
        printMemory(console);
        console.line("");
        printTimes(console, times);
    }

    /** A row for each kind of memory, a column for each stage. */
    private void printMemory(Console console) {
        List<String> header = new ArrayList<>(List.of("memory of a rank"));
        plan.stages().forEach(each -> header.add("stage " + each.stage().stage()));
        List<List<String>> rows = new ArrayList<>();
        for (String purpose : purposes()) {
            List<String> row = new ArrayList<>(List.of(purpose));
            plan.stages().forEach(each -> row.add(bytes(bytes(each, purpose))));
            rows.add(row);
        }
        List<String> besideHeap = new ArrayList<>(List.of("beside the heap"));
        plan.stages().forEach(each -> besideHeap.add(bytes(besideHeap(each))));
        rows.add(rows.size() - 1, besideHeap);
        List<String> total = new ArrayList<>(List.of(room.onDevice() ? "on the GPU" : "all"));
        plan.stages().forEach(each -> total.add(bytes(counted(each))));
        rows.add(total);
        rows.add(row("may use", room.limit(config)));
        List<String> sent = new ArrayList<>(List.of("sent per step"));
        plan.stages().forEach(each -> sent.add(bytes(each.sentBytes())));
        rows.add(sent);
        console.table(header, rows);
        console.line(
                "java: classes, compiled code, stacks; threads: working memory of the engine's threads; links: what neighbour stages have sent; aeron: in /dev/shm; heap: spark.executor.memory, used in part");
    }

    private List<String> row(String name, long bytes) {
        List<String> row = new ArrayList<>(List.of(name));
        plan.stages().forEach(each -> row.add(bytes(bytes)));
        return row;
    }

    private Set<String> purposes() {
        Set<String> purposes = new LinkedHashSet<>();
        plan.stages().forEach(each -> purposes.addAll(each.engine().byPurpose().keySet()));
        plan.stages().forEach(each -> purposes.addAll(each.host().byPurpose().keySet()));
        purposes.addAll(process.byPurpose().keySet());
        return purposes;
    }

    private long bytes(StageNeeds needs, String purpose) {
        return needs.engine().bytes(purpose) + needs.host().bytes(purpose) + process.bytes(purpose);
    }

    /** What a container needs beside {@code spark.executor.memory}: tensors on a device are not in it. */
    private long besideHeap(StageNeeds needs) {
        long tensors = room.onDevice() ? needs.host().total() : needs.bytes();
        return tensors + process.total() - process.bytes(RankMemory.HEAP);
    }

    /** What counts against the limit. */
    private long counted(StageNeeds needs) {
        return room.counted(plan, needs).total();
    }

    /** Of a step, on links of 10 Gbit/s, for the stage that sends most. */
    private double networkSeconds() {
        return plan.stages().stream().mapToLong(StageNeeds::sentBytes).max().orElse(0) / TEN_GIGABIT;
    }

    private double secondsToEnd(StepTimes times) {
        return times.stepSeconds(plan) * config.steps();
    }

    private void printTimes(Console console, @Nullable StepTimes times) {
        console.line("checkpoints " + plan.checkpoints() + " until step " + config.steps());
        if (networkSeconds() > 0) {
            console.line(
                    String.format(Locale.ROOT, "network     %.3g s of a step on links of 10 Gbit/s", networkSeconds()));
        }
        if (times != null) {
            double seconds = times.stepSeconds(plan);
            console.line(String.format(
                    Locale.ROOT,
                    "time        %.3g s a step on machines like this one, without the network: %,.0f tokens/s, %s to the end",
                    seconds,
                    plan.tokensPerStep() / seconds,
                    Console.duration((long) (secondsToEnd(times) * 1e9))));
        }
    }

    JsonObject json(@Nullable StepTimes times) {
        List<JsonObject> stages = new ArrayList<>();
        for (StageNeeds needs : plan.stages()) {
            JsonObject memory = new JsonObject();
            purposes().forEach(purpose -> memory.put(purpose, bytes(needs, purpose)));
            stages.add(new JsonObject()
                    .put("stage", needs.stage().stage())
                    .put("layers", needs.stage().layers())
                    .put("memory", memory)
                    .put("bytes", counted(needs))
                    .put("sent_bytes_per_step", needs.sentBytes()));
        }
        JsonObject all = new JsonObject()
                .put("parameters", plan.parameters())
                .put("tokens_per_step", plan.tokensPerStep())
                .put("flops_per_step", plan.flopsPerStep())
                .put("ranks", config.layout().grid().worldSize())
                .put("bubble_share", plan.bubbleShare())
                .put("checkpoints", plan.checkpoints())
                .put("dtype", plan.dtype().name())
                .put("limit_bytes", room.limit(config))
                .put("network_seconds_per_step", networkSeconds())
                .put("stages", stages);
        return times == null
                ? all
                : all.put("seconds_per_step", times.stepSeconds(plan)).put("seconds_to_end", secondsToEnd(times));
    }

    /** What the neediest rank's memory is for, of what is limited. */
    String memoryLine() {
        return room.most(plan).byPurpose().entrySet().stream()
                .map(each -> each.getKey() + " " + bytes(each.getValue()))
                .collect(Collectors.joining(", "));
    }

    static String bytes(long count) {
        return count < 10L << 30
                ? String.format(Locale.ROOT, "%,.1f MiB", count / (double) (1 << 20))
                : String.format(Locale.ROOT, "%,.1f GiB", count / (double) (1 << 30));
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
