package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.token.shard.CorpusIndex;
import io.polyglow.common.token.shard.SplitIndex;
import io.polyglow.common.token.shard.TokenDataset;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.data.DataOrder;
import io.polyglow.trainer.data.Lineage;
import io.polyglow.trainer.parallel.ParallelLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where documents stand in the shards of a corpus, and which samples of a run were made of them. */
final class LineagePlaces {
    private final CorpusIndex corpus;
    private final @Nullable TrainConfig run;
    private final @Nullable LayoutHistory layouts;
    private final long lastStep;

    /**
     * The places in a corpus.
     *
     * @param corpus as it was when the run was trained on it
     * @param run null without one
     * @param layouts those of the run, for questions about a rank
     * @param lastStep the last step that the run took
     */
    LineagePlaces(CorpusIndex corpus, @Nullable TrainConfig run, @Nullable LayoutHistory layouts, long lastStep) {
        this.corpus = corpus;
        this.run = run;
        this.layouts = layouts;
        this.lastStep = lastStep;
    }

    /** What the samples of a step are made of; with a rank, of those that it computed. */
    List<LineageRow> ofStep(String place, long wanted, @Nullable Integer rank) {
        if (run == null) {
            throw new PolyglowException(
                    ErrorKind.USAGE, place + " is a corpus; --step asks for a step of a run, so name a run.");
        }
        requireTaken(place, wanted);
        int count = run.batch().global();
        int first = 0;
        if (rank != null && layouts != null) {
            ParallelLayout layout = layouts.of(wanted);
            count /= layout.data();
            first = count * replica(layout, wanted, rank);
        }
        SplitIndex train = corpus.index(TokenDataset.TRAIN);
        List<LineageRow> rows = new ArrayList<>();
        for (Lineage.Part part :
                lineage(run, train).parts((wanted - 1) * run.batch().global() + first, count)) {
            rows.add(LineageRow.of(
                    train, part.document(), part.shard(), part.firstToken(), part.tokens(), List.of(part.sample())));
        }
        return rows;
    }

    private void requireTaken(String place, long wanted) {
        if (wanted < 1) {
            throw new PolyglowException(ErrorKind.USAGE, "--step " + wanted + " is before the first step, 1.");
        }
        if (wanted > lastStep) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--step " + wanted + " was never taken: the run " + place + "'s last step is " + lastStep + ".");
        }
    }

    private static int replica(ParallelLayout layout, long step, int rank) {
        if (rank < 0 || rank >= layout.worldSize()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "--rank " + rank + ": step " + step + " was computed by ranks 0 to " + (layout.worldSize() - 1)
                            + " (" + layout + ").");
        }
        return layout.replica(rank);
    }

    /** Every copy of these documents, and the samples that hold a part of it. */
    List<LineageRow> ofDocuments(Set<String> ids) {
        List<LineageRow> rows = new ArrayList<>();
        for (String name : List.of(TokenDataset.TRAIN, TokenDataset.VALIDATION)) {
            SplitIndex split = corpus.index(name);
            Lineage lineage = run == null || !name.equals(TokenDataset.TRAIN) ? null : lineage(run, split);
            for (long d = 0; d < split.documents(); d++) {
                if (ids.contains(split.id(d).toString())) {
                    rows.add(LineageRow.whole(split, d, lineage == null ? List.of() : lineage.samplesOf(d, samples())));
                }
            }
        }
        return rows;
    }

    private long samples() {
        return run == null ? 0 : Math.multiplyExact(lastStep, (long) run.batch().global());
    }

    private Lineage lineage(TrainConfig trained, SplitIndex train) {
        return new Lineage(
                train,
                DataOrder.of(
                        corpus.fingerprint(),
                        trained.seed(),
                        train,
                        trained.model().context(),
                        trained.batch().packing(),
                        trained.batch().documentMask()));
    }
}
