package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.checkpoint.CheckpointDirectory;
import io.polyglow.trainer.checkpoint.Manifest;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** On which layouts a run took its steps, as far as its checkpoints tell: a resumed run may have another one, and old checkpoints go. */
final class LayoutHistory {
    private final TreeMap<Long, Manifest> checkpoints = new TreeMap<>();
    private final ParallelLayout now;

    /** Reads the manifest of every checkpoint that is kept. {@code now} is the layout of the run's config, that of its last attempt. */
    LayoutHistory(CheckpointDirectory directory, ParallelLayout now) throws IOException {
        this.now = now;
        for (long step : directory.steps()) {
            checkpoints.put(step, directory.open(step).manifest());
        }
    }

    /** The layout that computed a step; a DATA error where it is not known. */
    ParallelLayout of(long step) {
        Map.Entry<Long, Manifest> after = checkpoints.ceilingEntry(step);
        if (after == null) {
            return now;
        }
        // an attempt goes on from the newest checkpoint, the first one from none
        boolean known = checkpoints.lowerKey(step) != null || after.getValue().attempt() == 1;
        if (!known && layouts().size() > 1) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    "--rank: which layout computed step " + step + " is not recorded any more: the run had " + layouts()
                            + ", and the first checkpoint that is left is that of step " + checkpoints.firstKey()
                            + ". Ask without --rank, or for a later step.");
        }
        return after.getValue().layout();
    }

    private Set<ParallelLayout> layouts() {
        Set<ParallelLayout> layouts = new LinkedHashSet<>();
        checkpoints.values().forEach(manifest -> layouts.add(manifest.layout()));
        layouts.add(now);
        return layouts;
    }
}
