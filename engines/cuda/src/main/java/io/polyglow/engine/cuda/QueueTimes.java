package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.cudart.cuEventCreate;
import static org.bytedeco.cuda.global.cudart.cuEventDestroy;
import static org.bytedeco.cuda.global.cudart.cuEventElapsedTime;
import static org.bytedeco.cuda.global.cudart.cuEventRecord;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;

/**
 * The GPU's time by kernel, matrix product and copy: an event before each and one after it. The first of each name is left out, as the driver may load code for it. The events cost a microsecond or two each, so the sum is more than the time of the same work without them;
 * passes are not replayed as graphs meanwhile. By the device's thread.
 */
final class QueueTimes {
    /** {@code -Dpolyglow.cuda.times=true} measures, and logs a table when the engine is closed. */
    static final String PROPERTY = "polyglow.cuda.times";

    private final CUstream_st stream;
    private final List<Span> spans = new ArrayList<>();
    private final Map<String, Total> totals = new HashMap<>();
    private int used;

    QueueTimes(CUstream_st stream) {
        this.stream = stream;
    }

    static boolean wanted() {
        return Boolean.getBoolean(PROPERTY);
    }

    /** Two events, used again after each wait. */
    private static final class Span {
        final CUevent_st begin = event();
        final CUevent_st end = event();
        String name = "";

        private static CUevent_st event() {
            CUevent_st event = new CUevent_st();
            CudaCalls.check(cuEventCreate(event, 0), "cuEventCreate");
            return event;
        }

        double milliseconds() {
            float[] time = new float[1];
            CudaCalls.check(cuEventElapsedTime(time, begin, end), "cuEventElapsedTime");
            return time[0];
        }
    }

    private static final class Total {
        double milliseconds;
        long count;
    }

    /** Before something is queued. */
    void begin() {
        if (used == spans.size()) {
            spans.add(new Span());
        }
        CudaCalls.check(cuEventRecord(spans.get(used).begin, stream), "cuEventRecord");
    }

    /** After it. */
    void end(String name) {
        Span span = spans.get(used++);
        span.name = name;
        CudaCalls.check(cuEventRecord(span.end, stream), "cuEventRecord");
    }

    /** All that was queued is done. */
    void awaited() {
        for (Span span : spans.subList(0, used)) {
            Total total = totals.get(span.name);
            if (total == null) {
                totals.put(span.name, new Total());
            } else {
                total.milliseconds += span.milliseconds();
                total.count++;
            }
        }
        used = 0;
    }

    /** The longest first. */
    String table() {
        double all = totals.values().stream()
                .mapToDouble(total -> total.milliseconds)
                .sum();
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT, "the GPU's time, %.3f ms in all%n         ms      %%   count  us each  what", all));
        totals.entrySet().stream()
                .filter(entry -> entry.getValue().count > 0)
                .sorted((a, b) -> Double.compare(b.getValue().milliseconds, a.getValue().milliseconds))
                .forEach(entry -> {
                    Total total = entry.getValue();
                    table.append(String.format(
                            Locale.ROOT,
                            "%n%11.3f %6.1f %7d %8.1f  %s",
                            total.milliseconds,
                            100 * total.milliseconds / all,
                            total.count,
                            1000 * total.milliseconds / total.count,
                            entry.getKey()));
                });
        return table.toString();
    }

    void close() {
        for (Span span : spans) {
            cuEventDestroy(span.begin);
            cuEventDestroy(span.end);
        }
        spans.clear();
    }
}
