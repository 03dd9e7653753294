package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSA;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_TRANSB;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
import static org.bytedeco.cuda.global.cublas.CUBLAS_COMPUTE_32F;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_N;
import static org.bytedeco.cuda.global.cublas.CUBLAS_OP_T;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_NOT_SUPPORTED;
import static org.bytedeco.cuda.global.cublas.CUBLAS_STATUS_SUCCESS;
import static org.bytedeco.cuda.global.cublas.cublasGetStatusName;
import static org.bytedeco.cuda.global.cublas.cublasLtCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtGetVersion;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulAlgoGetHeuristic;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceDestroy;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulPreferenceSetAttribute;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutCreate;
import static org.bytedeco.cuda.global.cublas.cublasLtMatrixLayoutDestroy;
import static org.bytedeco.cuda.global.cudart.CUDA_R_16BF;
import static org.bytedeco.cuda.global.cudart.CUDA_R_32F;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.engine.cuda.ProductTrials.Choice;
import io.polyglow.engine.cuda.ProductTrials.Operands;
import io.polyglow.trainer.tensor.DType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.agrona.concurrent.SystemNanoClock;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * NVIDIA's cuBLASLt. A shape keeps the algorithm that the library's heuristic ranks first, or a faster one with the bits of the first ({@link ProductTrials}), and no algorithm that
 * adds partial sums in an order of its own: so one GPU model and library version always give the same bits.
 */
final class CublasLt implements MatrixProducts {
    private static final Logger LOG = LoggerFactory.getLogger(CublasLt.class);

    /** What NVIDIA recommends for Hopper; older GPUs need less. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private static final int MOST_ALGORITHMS = 8;

    private final NvidiaDevice device;
    private final cublasLtContext library = new cublasLtContext();
    private final ProductTrials trials;
    private final Map<Shape, Plan> plans = new HashMap<>();
    private final FloatPointer one = new FloatPointer(1.0f);
    private final FloatPointer zero = new FloatPointer(0.0f);
    private final LongPointer vectorAddress = new LongPointer(1);
    private final Address a = new Address();
    private final Address b = new Address();
    private final Address c = new Address();
    private final Address d = new Address();
    private final Address workspace = new Address();

    CublasLt(NvidiaDevice device) {
        this.device = device;
        trials = new ProductTrials(device, SystemNanoClock.INSTANCE);
        device.stream(); // makes the context current
        check(cublasLtCreate(library), "cublasLtCreate");
        workspace.at(device.allocate("the workspace of cuBLASLt", WORKSPACE_BYTES));
    }

    /** Where something lies on the device. */
    private static final class Address extends Pointer {
        Address at(long value) {
            address = value;
            return this;
        }
    }

    /** What the library needs to know of a shape; without an algorithm it has none. */
    private record Plan(
            String name,
            boolean hasVector,
            cublasLtMatmulDescOpaque_t operation,
            cublasLtMatrixLayoutOpaque_t a,
            cublasLtMatrixLayoutOpaque_t b,
            cublasLtMatrixLayoutOpaque_t d,
            @Nullable cublasLtMatmulHeuristicResult_t algorithm)
            implements AutoCloseable {
        Plan with(@Nullable cublasLtMatmulHeuristicResult_t chosen) {
            return new Plan(name, hasVector, operation, a, b, d, chosen);
        }

        @Override
        public void close() {
            cublasLtMatmulDescDestroy(operation);
            cublasLtMatrixLayoutDestroy(a);
            cublasLtMatrixLayoutDestroy(b);
            cublasLtMatrixLayoutDestroy(d);
        }
    }

    @Override
    public String describe() {
        long version = cublasLtGetVersion();
        return "cuBLASLt " + version / 10_000 + "." + version / 100 % 100 + "." + version % 100;
    }

    @Override
    public boolean multiply(Shape shape, long aAddress, long bAddress, long cAddress, long dAddress, long vector) {
        Plan plan = plans.get(shape);
        if (plan == null) {
            plan = plan(shape, vector);
            plans.put(shape, plan);
        }
        if (plan.algorithm == null) {
            return false;
        }
        device.begin();
        int status =
                queue(plan, plan.algorithm, shape.addC(), new Operands(aAddress, bAddress, cAddress, dAddress, vector));
        device.end(plan.name);
        if (status == CUBLAS_STATUS_SUCCESS) {
            return true;
        }
        refused(status, shape, plan);
        return false;
    }

    private int queue(Plan plan, cublasLtMatmulHeuristicResult_t algorithm, boolean addC, Operands o) {
        if (plan.hasVector) {
            setVector(plan.operation, o.vector());
        }
        return cublasLtMatmul(
                library,
                plan.operation,
                one,
                a.at(o.a()),
                plan.a,
                b.at(o.b()),
                plan.b,
                addC ? one : zero,
                c.at(o.c()),
                plan.d,
                d.at(o.d()),
                plan.d,
                algorithm.algo(),
                workspace,
                WORKSPACE_BYTES,
                device.stream());
    }

    /**
     * An algorithm that the heuristic has offered may still be refused; the shape has none from then on. While a graph is recorded it is an error, as nobody knows whether the recording
     * outlives the refusal: {@link Repeats} then makes the calls again without one.
     */
    private void refused(int status, Shape shape, Plan plan) {
        if (status != CUBLAS_STATUS_NOT_SUPPORTED || device.isRecording()) {
            check(status, "cublasLtMatmul of " + shape);
        }
        LOG.warn(
                "cuBLASLt refuses the algorithm that it offers for {}; from now on that is computed without it", shape);
        plans.put(shape, plan.with(null));
    }

    /** As {@link QueueTimes} calls it. */
    private static String name(Shape s) {
        return "product " + s.m() + " x " + s.n() + " x " + s.k() + " " + (s.transposeA() ? "T" : "N")
                + (s.transposeB() ? "T" : "N") + " " + s.in() + " to " + s.out() + (s.addC() ? " added" : "")
                + (s.epilogue() == Epilogue.NONE ? "" : " " + s.epilogue());
    }

    private Plan plan(Shape s, long vector) {
        cublasLtMatmulDescOpaque_t operation;
        try (PointerPointer<Pointer> handle = new PointerPointer<>(1)) {
            check(cublasLtMatmulDescCreate(handle, CUBLAS_COMPUTE_32F, CUDA_R_32F), "cublasLtMatmulDescCreate");
            operation = new cublasLtMatmulDescOpaque_t(handle.get());
        }
        set(operation, CUBLASLT_MATMUL_DESC_TRANSA, s.transposeA() ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(operation, CUBLASLT_MATMUL_DESC_TRANSB, s.transposeB() ? CUBLAS_OP_T : CUBLAS_OP_N);
        set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE, code(s.epilogue()));
        if (s.epilogue() != Epilogue.NONE) {
            setVector(operation, vector);
        }
        cublasLtMatrixLayoutOpaque_t left =
                s.transposeA() ? layout(s.in(), s.k(), s.m(), s.lda()) : layout(s.in(), s.m(), s.k(), s.lda());
        cublasLtMatrixLayoutOpaque_t right =
                s.transposeB() ? layout(s.in(), s.n(), s.k(), s.ldb()) : layout(s.in(), s.k(), s.n(), s.ldb());
        cublasLtMatrixLayoutOpaque_t out = layout(s.out(), s.m(), s.n(), s.ldd());
        Plan plan = new Plan(name(s), s.epilogue() != Epilogue.NONE, operation, left, right, out, null);
        return plan.with(algorithm(s, plan));
    }

    /** The fastest of those offered; null where there is none. */
    private @Nullable cublasLtMatmulHeuristicResult_t algorithm(Shape s, Plan plan) {
        List<cublasLtMatmulHeuristicResult_t> offered = offered(s, plan);
        if (offered.isEmpty()) {
            return null;
        }
        Choice choice =
                trials.choose(s, offered.size(), (i, operands) -> queue(plan, offered.get(i), s.addC(), operands));
        LOG.info(
                "{}: algorithm {} of {} is taken, in {} of the time of the first",
                plan.name,
                choice.algorithm() + 1,
                offered.size(),
                String.format(Locale.ROOT, "%.2f", choice.timeOfFirst()));
        return offered.get(choice.algorithm());
    }

    /** The vector has the type of d, which is the library's default. */
    private static int code(Epilogue epilogue) {
        return switch (epilogue) {
            case NONE -> CUBLASLT_EPILOGUE_DEFAULT;
            case BIAS -> CUBLASLT_EPILOGUE_BIAS;
        };
    }

    /** What the heuristic offers, best first. */
    private List<cublasLtMatmulHeuristicResult_t> offered(Shape s, Plan plan) {
        try (PointerPointer<Pointer> handle = new PointerPointer<>(1)) {
            check(cublasLtMatmulPreferenceCreate(handle), "cublasLtMatmulPreferenceCreate");
            cublasLtMatmulPreferenceOpaque_t preference = new cublasLtMatmulPreferenceOpaque_t(handle.get());
            try (LongPointer bytes = new LongPointer(WORKSPACE_BYTES)) {
                check(
                        cublasLtMatmulPreferenceSetAttribute(
                                preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, Long.BYTES),
                        "the size of the workspace");
            }
            prefer(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, s.alignment());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, s.alignment());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, s.alignment());
            prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, s.alignment());
            cublasLtMatmulHeuristicResult_t results = new cublasLtMatmulHeuristicResult_t(MOST_ALGORITHMS);
            int[] found = new int[1];
            int status = cublasLtMatmulAlgoGetHeuristic(
                    library,
                    plan.operation,
                    plan.a,
                    plan.b,
                    plan.d,
                    plan.d,
                    preference,
                    MOST_ALGORITHMS,
                    results,
                    found);
            cublasLtMatmulPreferenceDestroy(preference);
            List<cublasLtMatmulHeuristicResult_t> offered = new ArrayList<>();
            for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < found[0]; i++) {
                cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t();
                Pointer.memcpy(result, results.getPointer(i), result.sizeof());
                if (result.state() == CUBLAS_STATUS_SUCCESS) {
                    offered.add(result);
                }
            }
            return offered;
        }
    }

    private static cublasLtMatrixLayoutOpaque_t layout(DType dtype, int rows, int columns, int ld) {
        try (PointerPointer<Pointer> handle = new PointerPointer<>(1)) {
            int type = dtype == DType.BF16 ? CUDA_R_16BF : CUDA_R_32F;
            check(cublasLtMatrixLayoutCreate(handle, type, rows, columns, ld), "cublasLtMatrixLayoutCreate");
            return new cublasLtMatrixLayoutOpaque_t(handle.get());
        }
    }

    private void setVector(cublasLtMatmulDescOpaque_t operation, long vector) {
        vectorAddress.put(0, vector);
        check(
                cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, vectorAddress, Long.BYTES),
                "the address of the epilogue's vector");
    }

    private static void set(cublasLtMatmulDescOpaque_t operation, int attribute, int value) {
        try (IntPointer pointer = new IntPointer(1)) {
            pointer.put(0, value);
            check(
                    cublasLtMatmulDescSetAttribute(operation, attribute, pointer, Integer.BYTES),
                    "attribute " + attribute + " of a matrix product");
        }
    }

    private static void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
        try (IntPointer pointer = new IntPointer(1)) {
            pointer.put(0, value);
            check(
                    cublasLtMatmulPreferenceSetAttribute(preference, attribute, pointer, Integer.BYTES),
                    "preference " + attribute + " for a matrix product");
        }
    }

    private static void check(int status, String what) {
        if (status != CUBLAS_STATUS_SUCCESS) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "cuBLASLt failed in " + what + ": "
                            + cublasGetStatusName(status).getString());
        }
    }

    @Override
    public void close() {
        plans.values().forEach(Plan::close);
        device.free(workspace.address());
        cublasLtDestroy(library);
    }
}
