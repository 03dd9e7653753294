package io.polyglow.trainer.checkpoint;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ParameterLayout.Placed;
import io.polyglow.trainer.model.ParameterSet;
import io.polyglow.trainer.optim.MomentSlice;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.agrona.DirectBuffer;

/** Fills a rank's memory from a checkpoint that any layout may have written; reads only what the rank needs. */
public final class CheckpointLoader {
    private CheckpointLoader() {}

    /** Loads the weights of a stage, a borrowed table included. */
    public static void loadWeights(Checkpoint checkpoint, Engine engine, ParameterSet parameters) {
        try {
            List<Placed> owned = parameters.layout().owned();
            for (int i = 0; i < owned.size(); i++) {
                load(checkpoint, engine, owned.get(i).spec().name(), parameters.parameter(i));
            }
            Placed borrowed = parameters.layout().borrowed();
            Tensor table = parameters.borrowed();
            if (borrowed != null && table != null) {
                load(checkpoint, engine, borrowed.spec().name(), table);
            }
        } finally {
            checkpoint.closeFiles();
        }
        parameters.refreshComputeCopies();
    }

    private static void load(Checkpoint checkpoint, Engine engine, String name, Tensor into) {
        checkpoint.readParameter(
                name, into.size(), (element, bytes, length) -> copy(engine, into, 0, element, bytes, length));
    }

    /** Loads optimizer state, whatever the slices that it was saved in. */
    public static void loadMoments(Checkpoint checkpoint, Engine engine, List<MomentSlice> slices) {
        try {
            for (MomentSlice slice : slices) {
                load(checkpoint, engine, slice, Checkpoint.Moment.FIRST, slice.first());
                load(checkpoint, engine, slice, Checkpoint.Moment.SECOND, slice.second());
            }
        } finally {
            checkpoint.closeFiles();
        }
    }

    private static void load(
            Checkpoint checkpoint, Engine engine, MomentSlice slice, Checkpoint.Moment moment, Tensor into) {
        checkpoint.readMoment(
                slice.parameter(),
                moment,
                slice.from(),
                into.size(),
                (element, bytes, length) -> copy(engine, into, slice.from(), element, bytes, length));
    }

    /** Copies the overlap of {@code bytes}, which begin with {@code element}, and {@code into}, which begins with {@code from}. */
    private static void copy(Engine engine, Tensor into, long from, long element, DirectBuffer bytes, int length) {
        long lo = Math.max(from, element);
        long hi = Math.min(from + into.size(), element + length / Float.BYTES);
        if (lo < hi) {
            engine.write(into.slice(lo - from, hi - lo), bytes, (int) (lo - element) * Float.BYTES);
        }
    }
}
