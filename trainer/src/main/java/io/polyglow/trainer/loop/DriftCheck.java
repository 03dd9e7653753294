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
    /** What a rank tells: checksums of master weights, of a shared table, of copies as they are used, and of copies as the master weights say. */
    private static final int VALUES = 4;

    private static final String OTHERS = "those of other replicas";
    private static final int COPIES = 2 * Long.BYTES;
    private static final int COPIES_OF_MASTERS = 3 * Long.BYTES;

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
        this.sums = new UnsafeBuffer(ByteBuffer.allocateDirect(links.layout().worldSize() * VALUES * Long.BYTES));
    }

    /** Throws the same error on all ranks when some differ; all call this together, when all master weights are up to date. Copies are made anew. */
    void run(long step) {
        ParallelLayout layout = links.layout();
        int[] offsets = new int[layout.worldSize() + 1];
        for (int rank = 0; rank <= layout.worldSize(); rank++) {
            offsets[rank] = rank * VALUES * Long.BYTES;
        }
        int mine = offsets[links.rank()];
        sums.putLong(mine, crc(owned(parameters.flat())));
        sums.putLong(mine + Long.BYTES, crc(table()));
        Tensor copies = owned(parameters.computeCopies());
        sums.putLong(mine + COPIES, crc(copies));
        parameters.refreshComputeCopies();
        sums.putLong(mine + COPIES_OF_MASTERS, crc(copies));
        links.world().allGather(sums, offsets);
        for (int stage = 0; stage < layout.pipeline(); stage++) {
            int first = layout.rank(stage, 0);
            int end = layout.rank(stage + 1, 0);
            compare(step, "the weights of stage " + stage, 0, first, end);
            compare(step, "the weights that stage " + stage + " computes with", COPIES, first, end);
            compareCopies(step, first, end);
        }
        if (tied && layout.pipeline() > 1) {
            compareTables(step, layout);
        }
    }

    /** Damage to an owner's master weights after its copies were sent shows here, and everywhere: the master weights have been sent since. */
    private void compareCopies(long step, int fromRank, int endRank) {
        List<Integer> suspects = new ArrayList<>();
        for (int rank = fromRank; rank < endRank; rank++) {
            if (value(rank, COPIES) != value(rank, COPIES_OF_MASTERS)) {
                suspects.add(rank);
            }
        }
        if (!suspects.isEmpty()) {
            throw drift(step, "the master weights", suspects, "the copies that they compute with");
        }
    }

    private @Nullable Tensor owned(@Nullable Tensor flat) {
        return flat == null ? null : flat.slice(0, parameters.layout().ownedSize());
    }

    private @Nullable Tensor table() {
        return links.stage() == 0 && tied ? parameters.parameter(0) : parameters.borrowed();
    }

    private void compareTables(long step, ParallelLayout layout) {
        long expected = value(0, Long.BYTES);
        for (int replica = 0; replica < layout.data(); replica++) {
            int rank = layout.rank(layout.pipeline() - 1, replica);
            if (value(rank, Long.BYTES) != expected) {
                throw drift(step, "the shared token table", List.of(rank), OTHERS);
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
            throw drift(step, what, suspects, OTHERS);
        }
    }

    private long value(int rank, int offset) {
        return sums.getLong(rank * VALUES * Long.BYTES + offset);
    }

    private long crc(@Nullable Tensor tensor) {
        CRC32C crc = new CRC32C();
        if (tensor != null) {
            add(tensor, crc);
        }
        return crc.getValue();
    }

    private void add(Tensor tensor, CRC32C crc) {
        for (long from = 0; from < tensor.size(); from += CHUNK) {
            Tensor part = tensor.slice(from, Math.min(CHUNK, tensor.size() - from));
            engine.read(part, chunk, 0);
            chunk.getBytes(0, bytes, 0, (int) part.bytes());
            crc.update(bytes, 0, (int) part.bytes());
        }
    }

    private static PolyglowException drift(long step, String what, List<Integer> ranks, String others) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "after step " + step + " " + what + " on "
                        + (ranks.size() == 1 ? "rank " + ranks.get(0) : "ranks " + ranks)
                        + " differ from " + others
                        + ", which must be equal bit by bit; memory, processor or network of its machine"
                        + " corrupts data. No checkpoint was written at this step; take that machine out and resume");
    }
}
