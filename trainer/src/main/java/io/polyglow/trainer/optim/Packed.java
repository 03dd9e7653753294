package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.HostCopies;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import io.polyglow.trainer.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Segments of parameters that travel together, one after another in a host buffer. The views are made once; segments that lie side by side are one. */
final class Packed {
    private final Tensor[] views;
    private final int bytes;

    /** The given segments of {@code tensors}, which are numbered as the parameters of the plan are. */
    Packed(List<Segment> segments, List<Tensor> tensors) {
        List<Tensor> runs = new ArrayList<>();
        long sum = 0;
        for (Segment segment : segments) {
            Tensor view = tensors.get(segment.parameter()).slice(segment.from(), segment.count());
            Tensor last = runs.isEmpty() ? null : runs.get(runs.size() - 1);
            if (last != null
                    && last.arena() == view.arena()
                    && last.dtype() == view.dtype()
                    && last.offset() + last.bytes() == view.offset()) {
                view = new Tensor(last.arena(), last.offset(), last.dtype(), last.size() + view.size());
                runs.set(runs.size() - 1, view);
            } else {
                runs.add(view);
            }
            sum += segment.count() * (long) view.dtype().bytes();
        }
        views = runs.toArray(Tensor[]::new);
        bytes = Math.toIntExact(sum);
    }

    /** The runs of elements. */
    Tensor[] views() {
        return views;
    }

    int bytes() {
        return bytes;
    }

    void read(HostCopies copies, MutableDirectBuffer to, int offset) {
        int at = offset;
        for (Tensor view : views) {
            copies.read(view, to, at);
            at += (int) view.bytes();
        }
    }

    void write(HostCopies copies, DirectBuffer from, int offset) {
        int at = offset;
        for (Tensor view : views) {
            copies.write(view, from, at);
            at += (int) view.bytes();
        }
    }

    /** Adds what {@code from} holds, by way of {@code scratch}, which is flat and large enough. */
    void add(Engine engine, DirectBuffer from, Tensor scratch) {
        Tensor terms = scratch.slice(0, bytes / Float.BYTES);
        engine.write(terms, from, 0);
        long at = 0;
        for (Tensor view : views) {
            engine.kernels().add(view, terms.slice(at, view.size()));
            at += view.size();
        }
    }
}
