package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.AdamWStep;
import io.polyglow.trainer.kernels.AdamWTensors;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Kernels;
import io.polyglow.trainer.model.ParameterSpec;
import io.polyglow.trainer.optim.ModelShards.Group;
import io.polyglow.trainer.optim.ShardPlan.Bucket;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import io.polyglow.trainer.tensor.Arena;
import io.polyglow.trainer.tensor.DType;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.agrona.MutableDirectBuffer;

/** The moments of one group's parameters that this rank keeps, and its part of the update: with ZeRO-1 its own slices, else all. */
final class OptimizerState implements AutoCloseable {
    /** One segment, and views of its weights, moments and gradient. */
    private record Piece(ParameterSpec spec, Segment segment, boolean mine, AdamWTensors tensors) {}

    private final Engine engine;
    private final Arena arena;
    private final Arena normArena;
    /** As they are communicated and saved. */
    private final List<Piece> pieces;
    /** The same elements in as few pieces as there can be: where there is one replica, whole parameters. Here those that are this rank's. */
    private final List<Piece> mine;
    /** All of them, by whether weight decay is for them. */
    private final List<AdamWTensors> decaying;

    private final List<AdamWTensors> plain;

    private final List<Tensor> gradients;
    private final Tensor norms;

    /** {@code weights} and {@code gradients} have one tensor for each parameter of the group; so have {@code copies}, weights in the compute dtype, unless updates write none. */
    OptimizerState(
            Engine engine,
            Group group,
            int replica,
            boolean zero,
            List<Tensor> weights,
            List<Tensor> gradients,
            List<Tensor> copies) {
        this.engine = engine;
        List<Segment> kept = new ArrayList<>();
        List<Boolean> owned = new ArrayList<>();
        long elements = 0;
        for (Bucket bucket : group.plan().buckets()) {
            for (int r = 0; r < group.plan().replicas(); r++) {
                for (Segment segment : zero && r != replica ? List.<Segment>of() : bucket.slice(r)) {
                    kept.add(segment);
                    owned.add(r == replica);
                    elements += segment.count();
                }
            }
        }
        arena = engine.allocate("optimizer", Math.max(1, 2 * elements * Float.BYTES));
        Tensor first = new Tensor(arena, 0, DType.F32, elements);
        Tensor second = new Tensor(arena, elements * Float.BYTES, DType.F32, elements);
        Pieces make = new Pieces(group, weights, gradients, copies, first, second);
        pieces = make.of(kept, owned);
        boolean alone = group.plan().replicas() == 1;
        List<Piece> runs = alone ? make.of(ShardPlan.join(kept), owned) : pieces;
        decaying = tensors(runs, true);
        plain = tensors(runs, false);
        mine = runs.stream().filter(Piece::mine).toList();
        int blocks = mine.stream().mapToInt(piece -> piece.segment.blocks()).sum();
        normArena = engine.allocate("optimizer", Math.max(1, (long) blocks * Double.BYTES));
        norms = new Tensor(normArena, 0, DType.F64, blocks);
        this.gradients = mine.stream().map(piece -> piece.tensors.g()).toList();
    }

    private static List<AdamWTensors> tensors(List<Piece> pieces, boolean decays) {
        return pieces.stream()
                .filter(piece -> piece.spec.decays() == decays)
                .map(Piece::tensors)
                .toList();
    }

    /** What pieces are views of. */
    private record Pieces(
            Group group,
            List<Tensor> weights,
            List<Tensor> gradients,
            List<Tensor> copies,
            Tensor first,
            Tensor second) {
        /** Of all segments, in order; {@code owned} has at least as many flags. */
        List<Piece> of(List<Segment> segments, List<Boolean> owned) {
            List<Piece> made = new ArrayList<>();
            long at = 0;
            for (int i = 0; i < segments.size(); i++) {
                Segment s = segments.get(i);
                made.add(new Piece(
                        group.parameters().get(s.parameter()),
                        s,
                        owned.get(i),
                        new AdamWTensors(
                                weights.get(s.parameter()).slice(s.from(), s.count()),
                                first.slice(at, s.count()),
                                second.slice(at, s.count()),
                                gradients.get(s.parameter()).slice(s.from(), s.count()),
                                copies.isEmpty()
                                        ? null
                                        : copies.get(s.parameter()).slice(s.from(), s.count()))));
                at += s.count();
            }
            return made;
        }
    }

    /** Writes the sums of squares of this rank's gradient blocks to {@code to}; returns the offset after them. */
    int putNorms(MutableDirectBuffer to, int offset) {
        engine.kernels().sumOfSquares(norms, gradients, ShardPlan.BLOCK);
        engine.read(norms, to, offset);
        return offset + (int) norms.bytes();
    }

    /** Adds {@code other}, numbered as the gradients, to the gradients of this rank's slices. */
    void addToGradient(Kernels kernels, List<Tensor> other) {
        for (Piece piece : mine) {
            Segment s = piece.segment;
            kernels.add(piece.tensors.g(), other.get(s.parameter()).slice(s.from(), s.count()));
        }
    }

    /** By the one step where weights decay, by the other where they do not. */
    void update(AdamWStep ofDecaying, AdamWStep ofPlain) {
        engine.kernels().adamW(ofDecaying, decaying);
        engine.kernels().adamW(ofPlain, plain);
    }

    /** What this rank saves: its own slices, whether or not it keeps more. */
    List<MomentSlice> slices() {
        return pieces.stream().filter(Piece::mine).map(OptimizerState::slice).toList();
    }

    /** What this rank needs when it resumes. */
    List<MomentSlice> kept() {
        return pieces.stream().map(OptimizerState::slice).toList();
    }

    private static MomentSlice slice(Piece piece) {
        return new MomentSlice(piece.spec.name(), piece.segment.from(), piece.tensors.m(), piece.tensors.v());
    }

    @Override
    public void close() {
        normArena.close();
        arena.close();
    }
}
