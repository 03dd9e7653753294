package io.polyglow.trainer.optim;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.optim.ShardPlan.Segment;
import io.polyglow.trainer.tensor.Tensor;
import java.util.List;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** Segments of parameters that travel together, one after another in a host buffer. The views are made once. */
final class Packed {
    private final Tensor[] views;
    private final int bytes;

    /** The given segments of {@code tensors}, which are numbered as the parameters of the plan are. */
    Packed(List<Segment> segments, List<Tensor> tensors) {
        views = new Tensor[segments.size()];
        long sum = 0;
        for (int i = 0; i < views.length; i++) {
            Segment segment = segments.get(i);
            views[i] = tensors.get(segment.parameter()).slice(segment.from(), segment.count());
            sum += views[i].bytes();
        }
        bytes = Math.toIntExact(sum);
    }

    /** The segments. */
    Tensor[] views() {
        return views;
    }

    int bytes() {
        return bytes;
    }

    void read(Engine engine, MutableDirectBuffer to, int offset) {
        int at = offset;
        for (Tensor view : views) {
            engine.read(view, to, at);
            at += (int) view.bytes();
        }
    }

    void write(Engine engine, DirectBuffer from, int offset) {
        int at = offset;
        for (Tensor view : views) {
            engine.write(view, from, at);
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
