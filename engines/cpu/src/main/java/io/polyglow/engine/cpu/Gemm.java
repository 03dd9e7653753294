package io.polyglow.engine.cpu;

import static io.polyglow.engine.cpu.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_BIAS;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_DST;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_SRC_1;
import static org.bytedeco.dnnl.global.dnnl.DNNL_ARG_WEIGHTS;
import static org.bytedeco.dnnl.global.dnnl.dnnl_bf16;
import static org.bytedeco.dnnl.global.dnnl.dnnl_binary_add;
import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_matmul_primitive_desc_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_create_with_strides;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_binary;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_append_sum;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_post_ops_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_create;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_deterministic;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_post_ops;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_attr_set_scratchpad_mode;
import static org.bytedeco.dnnl.global.dnnl.dnnl_primitive_desc_destroy;
import static org.bytedeco.dnnl.global.dnnl.dnnl_scratchpad_mode_user;

import io.polyglow.engine.cpu.GemmSpec.Addend;
import io.polyglow.engine.cpu.GemmSpec.Strides;
import io.polyglow.engine.cpu.Primitive.Operand;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_post_ops;
import org.bytedeco.dnnl.dnnl_primitive_attr;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;

/** One compiled oneDNN matmul. Belongs to one thread. */
final class Gemm implements AutoCloseable {
    /** What {@link #scratchpadBytes} of a tile comes to, at most, for models of up to 4,096 channels: 1.5 MiB with AMX, by oneDNN's plans, and less than 1 MiB elsewhere. */
    static final long SCRATCHPAD_BYTES = 3 << 19;

    private static final int A = 0;
    private static final int B = 1;
    private static final int C = 2;

    private final Primitive primitive;
    /** Indices of operands, -1 for those that the spec has no use for. */
    private final int bias;

    private final int residual;

    Gemm(GemmSpec spec) {
        int d = spec.batch() > 1 ? 3 : 2;
        dnnl_memory_desc aDesc = describe(spec, d, spec.m(), spec.k(), spec.a(), spec.in());
        dnnl_memory_desc bDesc =
                spec.isPacked() ? Packing.layout(spec) : describe(spec, d, spec.k(), spec.n(), spec.b(), spec.in());
        dnnl_memory_desc cDesc = describe(spec, d, spec.m(), spec.n(), spec.c(), spec.out());
        dnnl_memory_desc residualDesc = describe(spec, d, spec.m(), spec.n(), spec.c(), DType.F32);
        dnnl_memory_desc biasDesc =
                spec.bias() ? describe(spec, d, 1, spec.n(), Strides.rows(spec.n()), DType.F32) : null;
        dnnl_primitive_attr attributes = attributes();
        dnnl_primitive_desc description = new dnnl_primitive_desc();
        try {
            add(attributes, spec.addend(), residualDesc);
            check(
                    dnnl_matmul_primitive_desc_create(
                            description, OneDnn.engine(), aDesc, bDesc, biasDesc, cDesc, attributes),
                    spec);
            List<Operand> operands = new ArrayList<>(List.of(
                    new Operand(DNNL_ARG_SRC, aDesc),
                    new Operand(DNNL_ARG_WEIGHTS, bDesc),
                    new Operand(DNNL_ARG_DST, cDesc)));
            bias = biasDesc == null ? -1 : append(operands, DNNL_ARG_BIAS, biasDesc);
            residual = spec.addend() == Addend.RESIDUAL
                    ? append(operands, DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE | DNNL_ARG_SRC_1, residualDesc)
                    : -1;
            primitive = new Primitive("matmul", description, operands);
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

    private static int append(List<Operand> operands, int number, dnnl_memory_desc desc) {
        operands.add(new Operand(number, desc));
        return operands.size() - 1;
    }

    /** Bytes of working memory that {@link #run} needs. */
    long scratchpadBytes() {
        return primitive.scratchpadBytes();
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
        primitive.set(A, aAddress);
        primitive.set(B, bAddress);
        primitive.set(C, cAddress);
        if (bias >= 0) {
            primitive.set(bias, biasAddress);
        }
        if (residual >= 0) {
            primitive.set(residual, residualAddress);
        }
        primitive.run(stream, scratchpadAddress);
    }

    private static dnnl_memory_desc describe(GemmSpec spec, int d, long rows, long columns, Strides s, DType dtype) {
        long[] dims = d == 3 ? new long[] {spec.batch(), rows, columns} : new long[] {rows, columns};
        long[] strides = d == 3 ? new long[] {s.batch(), s.row(), s.column()} : new long[] {s.row(), s.column()};
        dnnl_memory_desc desc = new dnnl_memory_desc();
        check(dnnl_memory_desc_create_with_strides(desc, d, dims, type(dtype), strides), spec);
        return desc;
    }

    /** A matrix with these strides; the caller destroys the description. */
    static dnnl_memory_desc describe(GemmSpec spec, long rows, long columns, Strides strides, DType dtype) {
        return describe(spec, 2, rows, columns, strides, dtype);
    }

    /** oneDNN's number of a type. */
    static int type(DType dtype) {
        return dtype == DType.BF16 ? dnnl_bf16 : dnnl_f32;
    }

    /** What all primitives have in common; the caller destroys it. */
    static dnnl_primitive_attr attributes() {
        dnnl_primitive_attr attributes = new dnnl_primitive_attr();
        check(dnnl_primitive_attr_create(attributes), "attributes");
        check(dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user), "scratchpad mode");
        check(dnnl_primitive_attr_set_deterministic(attributes, 1), "determinism");
        return attributes;
    }

    private static void add(dnnl_primitive_attr attributes, Addend addend, dnnl_memory_desc residual) {
        if (addend == Addend.NONE) {
            return;
        }
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

    @Override
    public void close() {
        primitive.close();
    }
}
