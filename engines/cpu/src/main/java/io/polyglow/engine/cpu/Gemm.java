package io.polyglow.engine.cpu;

import static io.polyglow.engine.cpu.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SCRATCHPAD;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_binary;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_deterministic;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scratchpad_mode;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_query_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_execute;
import static org.bytedeco.dnnl.global.dnnl.dnnl_query_scratchpad_md;
import static org.bytedeco.dnnl.global.dnnl.dnnl_scratchpad_mode_user;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * One compiled oneDNN matmul with its arguments prebuilt, so that running it sets addresses and makes one native call. Belongs to
 * one thread.
 */
final class Gemm implements AutoCloseable {
    /** What {@link #scratchpadBytes} of a tile comes to, at most, as measured for models of 768 to 4,096 channels. */
    static final long SCRATCHPAD_BYTES = 1 << 20;

    private final dnnl_primitive primitive = new dnnl_primitive();
    private final List<Argument> all = new ArrayList<>();
    private final dnnl_exec_arg_t arguments;
    private final Argument a;
    private final Argument b;
    private final Argument c;
    private final @Nullable Argument bias;
    private final @Nullable Argument residual;
    private final Argument scratchpad;
    private final long scratchpadBytes;

    Gemm(GemmSpec spec) {
        int d = spec.batch() > 1 ? 3 : 2;
        dnnl_memory_desc aDesc = describe(spec, d, spec.m(), spec.k(), spec.a(), spec.in());
        dnnl_memory_desc bDesc = describe(spec, d, spec.k(), spec.n(), spec.b(), spec.in());
        dnnl_memory_desc cDesc = describe(spec, d, spec.m(), spec.n(), spec.c(), spec.out());
        dnnl_memory_desc residualDesc = describe(spec, d, spec.m(), spec.n(), spec.c(), DType.F32);
        dnnl_memory_desc biasDesc =
                spec.bias() ? describe(spec, d, 1, spec.n(), Strides.rows(spec.n()), DType.F32) : null;
        dnnl_primitive_attr attributes = attributes(spec.addend(), residualDesc);
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        try {
            check(
                    dnnl_matmul_primitive_desc_create(
                            description, OneDnn.engine(), aDesc, bDesc, biasDesc, cDesc, attributes),
                    spec);
            check(dnnl_primitive_create(primitive, description), spec);
            a = argument(DNNL_ARG_SRC, aDesc);
            b = argument(DNNL_ARG_WEIGHTS, bDesc);
            c = argument(DNNL_ARG_DST, cDesc);
            bias = biasDesc == null ? null : argument(DNNL_ARG_BIAS, biasDesc);
            residual = spec.addend() == Addend.RESIDUAL
                    ? argument(DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | DNNL_ARG_SRC_1, residualDesc)
                    : null;
            dnnl_memory_desc scratchpadDesc = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
            scratchpadBytes = dnnl_memory_desc_get_size(scratchpadDesc);
            scratchpad = argument(DNNL_ARG_SCRATCHPAD, scratchpadDesc);
            arguments = join(all);
        } finally {
            dnnl_primitive_desc_destroy(description);
            dnnl_primitive_attr_destroy(attributes);
            for (dnnl_memory_desc desc : new dnnl_memory_desc[] {aDesc, bDesc, cDesc, residualDesc}) {
                dnnl_memory_desc_destroy(desc);
            }
            if (biasDesc != null) {
                dnnl_memory_desc_destroy(biasDesc);
            }
        }
    }

    /** Bytes of working memory that {@link #run} needs. */
    long scratchpadBytes() {
        return scratchpadBytes;
    }

    /** Computes; addresses that the spec has no use for are ignored. */
    void run(
            dnnl_stream stream,
            long aAddress,
            long bAddress,
            long cAddress,
            long biasAddress,
            long residualAddress,
            long scratchpadAddress) {
        a.set(aAddress);
        b.set(bAddress);
        c.set(cAddress);
        if (bias != null) {
            bias.set(biasAddress);
        }
        if (residual != null) {
            residual.set(residualAddress);
        }
        scratchpad.set(scratchpadAddress);
        check(dnnl_primitive_execute(primitive, stream, all.size(), arguments), "matmul");
    }

    private static dnnl_memory_desc describe(GemmSpec spec, int d, long rows, long columns, Strides s, DType dtype) {
        long[] dims = d == 3 ? new long[] {spec.batch(), rows, columns} : new long[] {rows, columns};
        long[] strides = d == 3 ? new long[] {s.batch(), s.row(), s.column()} : new long[] {s.row(), s.column()};
        dnnl_memory_desc desc = new dnnl_memory_desc();
        int type = dtype == DType.BF16 ? dnnl_bf16 : dnnl_f32;
        check(dnnl_memory_desc_create_with_strides(desc, d, dims, type, strides), spec);
        return desc;
    }

    private static dnnl_primitive_attr attributes(Addend addend, dnnl_memory_desc residual) {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        check(dnnl_primitive_attr_create(attributes), "attributes");
        check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "scratchpad mode");
        check(dnnl_primitive_attr_set_deterministic(attributes, 1), "determinism");
        if (addend != Addend.NONE) {
            dnnl_post_ops postOps = new dnnl_post_ops();
            check(dnnl_post_ops_create(postOps), "post-ops");
            check(
                    addend == Addend.OUT
                            ? dnnl_post_ops_append_sum(postOps, 1, 0, dnnl_f32)
                            : dnnl_post_ops_append_binary(postOps, dnnl_binary_add, residual),
                    addend);
            check(dnnl_primitive_attr_set_post_ops(attributes, postOps), addend);
            dnnl_post_ops_destroy(postOps);
        }
        return attributes;
    }

    private Argument argument(int index, dnnl_memory_desc desc) {
        Argument argument = new Argument(index, desc);
        all.add(argument);
        return argument;
    }

    private static dnnl_exec_arg_t join(List<Argument> all) {
        dnnl_exec_arg_t joined = new dnnl_exec_arg_t(all.size());
        for (int i = 0; i < all.size(); i++) {
            joined.position(i).arg(all.get(i).index).memory(all.get(i).memory);
        }
        return joined.position(0);
    }

    @Override
    public void close() {
        all.forEach(Argument::close);
        dnnl_primitive_destroy(primitive);
        arguments.close();
    }

    /** One argument of the primitive: oneDNN's handle of a matrix whose address is set before each run. */
    private static final class Argument {
        final int index;
        final dnnl_memory memory = new dnnl_memory();
        private final Address address = new Address();

        Argument(int index, dnnl_memory_desc desc) {
            this.index = index;
            check(dnnl_memory_create(memory, desc, OneDnn.engine(), address), "memory");
        }

        void set(long newAddress) {
            if (address.move(newAddress)) {
                check(dnnl_memory_set_data_handle(memory, address), "data handle");
            }
        }

        void close() {
            dnnl_memory_destroy(memory);
        }
    }

    /** A pointer that can be moved, so that running a product leaves no garbage. */
    private static final class Address extends Pointer {
        boolean move(long newAddress) {
            boolean moves = address != newAddress;
            address = newAddress;
            return moves;
        }
    }
}
