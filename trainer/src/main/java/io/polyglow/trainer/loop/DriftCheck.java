package io.polyglow.trainer.loop;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.model.ParameterSet;
import io.polyglow.trainer.parallel.ParallelLayout;
import io.polyglow.trainer.parallel.RankLinks;
import io.polyglow.trainer.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Compares the weights of ranks that must hold the same, and what kernels use of them: the replicas of a stage, and the copies of a shared table. A difference means that
 * memory, arithmetic or network of a rank corrupted them; it is found before a checkpoint would make it last.
 */
final class DriftCheck {
    private static final int CHUNK = 1 << 18;

    private final Engine engine;
    private final RankLinks links;
    private final ParameterSet parameters;
    private final boolean tied;
    private final byte[] bytes = new byte[CHUNK * Float.BYTES];
    private final UnsafeBuffer chunk = new UnsafeBuffer(ByteBuffer.allocateDirect(bytes.length));
    private final UnsafeBuffer sums;

    DriftCheck(Engine engine, RankLinks links, ParameterSet parameters, boolean tied) {
        this.engine = engine;
        this.links = links;
        this.parameters = parameters;
        this.tied = tied;
        this.sums = new UnsafeBuffer(ByteBuffer.allocateDirect(links.layout().worldSize() * 2 * Long.BYTES));
    }

    /** Throws the same error on all ranks when some differ; all call this together. */
    void run(long step) {
        ParallelLayout layout = links.layout();
        int[] offsets = new int[layout.worldSize() + 1];
        for (int rank = 0; rank <= layout.worldSize(); rank++) {
            offsets[rank] = rank * 2 * Long.BYTES;
        }
        int mine = offsets[links.rank()];
        CRC32C weights = new CRC32C();
        parameters.all().forEach(each -> add(each.slice(0, parameters.layout().ownedSize()), weights));
        sums.putLong(mine, weights.getValue());
        CRC32C shared = new CRC32C();
        Tensor table = table();
        if (table != null) {
            add(table, shared);
        }
        sums.putLong(mine + Long.BYTES, shared.getValue());
        links.world().allGather(sums, offsets);
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            compare(step, "the weights of stage " + stage, 0, layout.rank(stage, 0), layout.rank(stage + 1, 0));
        }
        if (tied && layout.pipeline() > 1) {
            compareTables(step, layout);
        }
    }

    private @Nullable Tensor table() {
        return links.stage() == 0 && tied ? parameters.parameter(0) : parameters.borrowed();
    }

    private void compareTables(long step, ParallelLayout layout) {
        long expected = value(0, Long.BYTES);
        for (int replica = 0; replica < layout.data(); replica++) {
            int rank = layout.rank(layout.pipeline() - 1, replica);
            if (value(rank, Long.BYTES) != expected) {
                throw drift(step, "the shared token table", List.of(rank));
            }
        }
    }

    /** The value that most ranks have is taken as right; without a majority all are suspect. */
    private void compare(long step, String what, int offset, int fromRank, int endRank) {
        Map<Long, List<Integer>> ranks = new TreeMap<>();
        for (int rank = fromRank; rank < endRank; rank++) {
            ranks.computeIfAbsent(value(rank, offset), value -> new ArrayList<>())
                    .add(rank);
        }
        List<Integer> suspects = new ArrayList<>();
        ranks.values().stream()
                .filter(same -> 2 * same.size() <= endRank - fromRank)
                .forEach(suspects::addAll);
        if (!suspects.isEmpty()) {
            throw drift(step, what, suspects);
        }
    }

    private long value(int rank, int offset) {
        return sums.getLong(rank * 2 * Long.BYTES + offset);
    }

    private void add(Tensor tensor, CRC32C crc) {
        for (long from = 0; from < tensor.size(); from += CHUNK) {
            Tensor part = tensor.slice(from, Math.min(CHUNK, tensor.size() - from));
            engine.read(part, chunk, 0);
            chunk.getBytes(0, bytes, 0, (int) part.bytes());
            crc.update(bytes, 0, (int) part.bytes());
        }
    }

    private static PolyglowException drift(long step, String what, List<Integer> ranks) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "after step " + step + " " + what + " on "
                        + (ranks.size() == 1 ? "rank " + ranks.get(0) : "ranks " + ranks)
                        + " differ from those of other replicas, which must be equal bit by bit; memory, processor or network of its machine"
                        + " corrupts data. No checkpoint was written at this step; take that machine out and resume");
    }
}
