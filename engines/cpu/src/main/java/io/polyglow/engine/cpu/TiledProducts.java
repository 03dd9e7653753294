package io.polyglow.engine.cpu;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.trainer.kernels.WeightLayout;
import io.polyglow.trainer.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * The tiled products of recent calls, found by numbers, so that finding one leaves no garbage. A new one takes the first free place of a few, or
 * another's.
 */
final class TiledProducts {
    private static final int PLACE_BITS = 8;
    /** Places that a product may have: products of one step that shared a single one would be made anew in every step. */
    private static final int NEIGHBOURS = 8;

    private final Place[] places = new Place[1 << PLACE_BITS];

    private record Place(int kind, int rows, int inputs, int outputs, TiledProduct product) {}

    /** One number for everything but the dims: which pass, what the operands look like, and how many padding columns the outputs have. */
    static int kind(int pass, WeightLayout layout, DType in, DType out, boolean bias, Addend addend, int padding) {
        int what = addend == Addend.OUT ? 1 : addend == Addend.RESIDUAL ? 2 : 0;
        return padding << 18
                | pass << 16
                | (layout == WeightLayout.OUT_IN ? 1 : 0) << 13
                | in.bytes() << 9
                | out.bytes() << 5
                | what << 1
                | (bias ? 1 : 0);
    }

    @Nullable
    TiledProduct find(int kind, int rows, int inputs, int outputs) {
        int first = index(kind, rows, inputs, outputs);
        for (int i = 0; i < NEIGHBOURS; i++) {
            Place place = places[first + i & places.length - 1];
            if (place != null
                    && place.kind == kind
                    && place.rows == rows
                    && place.inputs == inputs
                    && place.outputs == outputs) {
                return place.product;
            }
        }
        return null;
    }

    TiledProduct put(int kind, int rows, int inputs, int outputs, GemmSpec spec) {
        TiledProduct product = new TiledProduct(spec);
        int at = index(kind, rows, inputs, outputs);
        for (int i = 1; i < NEIGHBOURS && places[at] != null; i++) {
            at = at + 1 & places.length - 1;
        }
        places[at] = new Place(kind, rows, inputs, outputs, product);
        return product;
    }

    private static int index(int kind, int rows, int inputs, int outputs) {
        int hash = ((kind * 31 + rows) * 31 + inputs) * 31 + outputs;
        return (hash * 0x9E3779B9) >>> (Integer.SIZE - PLACE_BITS);
    }
}
