package io.polyglow.trainer.eval;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.model.StageModel;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.pipeline.StageExecutor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Held-out loss on any layout, with the same bits on all: replicas share the micro-batches, stages compute their part, losses are kept per
 * micro-batch and language and added in that order on every rank.
 */
public final class Evaluation {
    private final RankLinks links;
    private final StageModel model;
    private final StageExecutor executor;
    private final HeldOutSet set;
    private final int B;
    private final int T;
    private final int languages;
    private final int microBatches;
    private final double[] rowLosses;
    private final int[] languageOfTarget;
    private final UnsafeBuffer sums;
    private final int[] byteOffsets;

    /** An evaluation of the windows of {@code set} in micro-batches of B windows. */
    public Evaluation(RankLinks links, StageModel model, StageExecutor executor, HeldOutSet set, int B, int T) {
        this.links = links;
        this.model = model;
        this.executor = executor;
        this.set = set;
        this.B = B;
        this.T = T;
        this.languages = set.languages().size();
        this.microBatches = (set.windows() + B - 1) / B;
        this.rowLosses = new double[B * T];
        this.languageOfTarget = new int[T];
        this.sums = new UnsafeBuffer(ByteBuffer.allocateDirect(sumBytes()));
        this.byteOffsets = offsets(links.layout());
    }

    private int sumBytes() {
        long bytes = (long) microBatches * languages * Double.BYTES;
        if (bytes > Integer.MAX_VALUE) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "evaluating " + set.windows() + " held-out sequences in " + languages
                            + " languages takes a table of "
                            + bytes + " bytes, but it may have " + Integer.MAX_VALUE + "; evaluate at most "
                            + (long) B * (Integer.MAX_VALUE / Double.BYTES / languages)
                            + ": --sequences N, or evaluate.sequences in the config");
        }
        return (int) bytes;
    }

    /** Only replicas of the last stage contribute; their shares are consecutive. */
    private int[] offsets(ParallelLayout layout) {
        int[] offsets = new int[layout.worldSize() + 1];
        for (int rank = 0; rank < layout.worldSize(); rank++) {
            boolean last = layout.stage(rank) == layout.pipeline() - 1;
            offsets[rank + 1] = last ? firstOf(layout.replica(rank) + 1) * languages * Double.BYTES : offsets[rank];
        }
        return offsets;
    }

    private int firstOf(int replica) {
        return (int) ((long) microBatches * replica / links.layout().data());
    }

    /** Evaluates; all ranks call this together and get the same answer. */
    public HeldOutLoss run() {
        for (int i = firstOf(links.replica()); i < firstOf(links.replica() + 1); i++) {
            int count = Math.min(B, set.windows() - i * B);
            executor.evaluate((long) i * B, count);
            if (model.plan().head()) {
                addLosses(i, count);
            }
        }
        links.world().allGather(sums, byteOffsets);
        return total();
    }

    private void addLosses(int microBatch, int count) {
        model.losses(0, rowLosses);
        int base = microBatch * languages;
        for (int language = 0; language < languages; language++) {
            put(base + language, 0);
        }
        for (int b = 0; b < count; b++) {
            set.languages(microBatch * B + b, languageOfTarget);
            for (int t = 0; t < T; t++) {
                int language = languageOfTarget[t];
                if (language != HeldOutSet.NO_TARGET) {
                    put(base + language, get(base + language) + rowLosses[b * T + t]);
                }
            }
        }
    }

    private HeldOutLoss total() {
        double[] byLanguage = new double[languages];
        double all = 0;
        for (int i = 0; i < microBatches; i++) {
            for (int language = 0; language < languages; language++) {
                byLanguage[language] += get(i * languages + language);
                all += get(i * languages + language);
            }
        }
        Map<String, Double> means = new TreeMap<>();
        for (int language = 0; language < languages; language++) {
            means.put(set.languages().get(language), byLanguage[language] / set.targets(language));
        }
        return new HeldOutLoss(all / set.targets(), set.targets(), means);
    }

    private double get(int at) {
        return sums.getDouble(at * Double.BYTES, ByteOrder.LITTLE_ENDIAN);
    }

    private void put(int at, double value) {
        sums.putDouble(at * Double.BYTES, value, ByteOrder.LITTLE_ENDIAN);
    }
}
