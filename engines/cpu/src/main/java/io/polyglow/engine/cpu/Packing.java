package io.polyglow.engine.cpu;

import static io.polyglow.engine.cpu.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_FROM;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_TO;
import static org.bytedeco.dnnl.global.dnnl.dnnl_format_tag_any;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_clone;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_tag;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_weights_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_reorder_primitive_desc_create;

import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.Primitive.Operand;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;

/**
 * Copies columns of B into the layout that oneDNN would choose for the products that read them, so that each tile need not copy them for itself. Belongs to one thread.
 */
final class Packing implements AutoCloseable {
    /** The layout is asked for by products of so many rows, so that tiles of any number of rows share it. */
    private static final int ROWS = 256;

    private static final long LINE_BYTES = 64;

    private final Primitive reorder;

    /**
     * Which columns, and for whom.
     *
     * @param product what will read them, as {@link #of} makes it
     * @param from strides of B as it lies in memory
     */
    record Spec(GemmSpec product, Strides from) {
        /** For a part of a product whose B is packed: equal for all parts that may share the columns. */
        static Spec of(GemmSpec part, Strides from) {
            return new Spec(reader(part), from);
        }

        /** Bytes that the packed columns take, a multiple of a cache line. */
        long bytes() {
            dnnl_memory_desc layout = layout(product);
            try {
                return (dnnl_memory_desc_get_size(layout) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
            } finally {
                dnnl_memory_desc_destroy(layout);
            }
        }
    }

    Packing(Spec spec) {
        GemmSpec product = spec.product;
        dnnl_memory_desc from = Gemm.describe(product, product.k(), product.n(), spec.from, product.in());
        dnnl_memory_desc to = layout(product);
        dnnl_primitive_attr attributes = Gemm.attributes();
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        try {
            check(
                    dnnl_reorder_primitive_desc_create(
                            description, from, OneDnn.engine(), to, OneDnn.engine(), attributes),
                    spec);
            reorder = new Primitive(
                    "reorder", description, List.of(new Operand(DNNL_ARG_FROM, from), new Operand(DNNL_ARG_TO, to)));
        } finally {
            dnnl_primitive_desc_destroy(description);
            dnnl_primitive_attr_destroy(attributes);
            dnnl_memory_desc_destroy(from);
            dnnl_memory_desc_destroy(to);
        }
    }

    /** How a part of a product finds its packed columns; the caller destroys the description. */
    static dnnl_memory_desc layout(GemmSpec part) {
        GemmSpec product = reader(part);
        dnnl_memory_desc a = Gemm.describe(product, product.m(), product.k(), product.a(), product.in());
        dnnl_memory_desc c = Gemm.describe(product, product.m(), product.n(), product.c(), product.out());
        dnnl_memory_desc any = new dnnl_memory_desc();
        dnnl_primitive_attr attributes = Gemm.attributes();
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        try {
            long[] dims = {product.k(), product.n()};
            check(
                    dnnl_memory_desc_create_with_tag(any, 2, dims, Gemm.type(product.in()), dnnl_format_tag_any),
                    product);
            check(
                    dnnl_matmul_primitive_desc_create(description, OneDnn.engine(), a, any, null, c, attributes),
                    product);
            dnnl_memory_desc layout = new dnnl_memory_desc();
            check(
                    dnnl_memory_desc_clone(layout, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0)),
                    product);
            return layout;
        } finally {
            dnnl_primitive_desc_destroy(description);
            dnnl_primitive_attr_destroy(attributes);
            for (dnnl_memory_desc desc : new dnnl_memory_desc[] {a, c, any}) {
                dnnl_memory_desc_destroy(desc);
            }
        }
    }

    private static GemmSpec reader(GemmSpec part) {
        return part.adding(false, GemmSpec.Addend.NONE).part(ROWS, part.n(), part.k());
    }

    /** Bytes of working memory that {@link #run} needs. */
    long scratchpadBytes() {
        return reorder.scratchpadBytes();
    }

    void run(dnnl_stream stream, long from, long to, long scratchpad) {
        reorder.set(0, from);
        reorder.set(1, to);
        reorder.run(stream, scratchpad);
    }

    @Override
    public void close() {
        reorder.close();
    }
}
