package io.polyglow.cluster.pipeline;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.parallel.Schedule;
import java.util.List;

/** The schedules by the name that configs use. */
public final class PipelineSchedules {
    private static final List<Schedule> ALL = List.of(new GPipeSchedule(), new OneForwardOneBackwardSchedule());

    private PipelineSchedules() {}

    /** All schedules. */
    public static List<Schedule> all() {
        return ALL;
    }

    /** The schedule of a name, or a usage error that lists the names. */
    public static Schedule named(String name) {
        return ALL.stream()
                .filter(schedule -> schedule.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new PolyglowException(
                        ErrorKind.USAGE,
                        "there is no pipeline schedule '" + name + "'; choose one of "
                                + String.join(
                                        ", ", ALL.stream().map(Schedule::name).toList())));
    }
}
