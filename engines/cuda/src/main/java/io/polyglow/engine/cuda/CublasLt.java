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
import io.polyglow.trainer.tensor.DType;
import java.util.HashMap;
import java.util.Map;
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
 * NVIDIA's cuBLASLt. A shape keeps the algorithm that the library's heuristic ranks first, never one chosen by timing, and no algorithm that
 * adds partial sums in an order of its own: so one GPU model and library version always give the same bits.
 */
final class CublasLt implements MatrixProducts {
    private static final Logger LOG = LoggerFactory.getLogger(CublasLt.class);

    /** What NVIDIA recommends for Hopper; older GPUs need less. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private final NvidiaDevice device;
    private final cublasLtContext library = new cublasLtContext();
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
            cublasLtMatmulDescOpaque_t operation,
            cublasLtMatrixLayoutOpaque_t a,
            cublasLtMatrixLayoutOpaque_t b,
            cublasLtMatrixLayoutOpaque_t d,
            @Nullable cublasLtMatmulHeuristicResult_t algorithm)
            implements AutoCloseable {
        Plan withoutAlgorithm() {
            return new Plan(name, operation, a, b, d, null);
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
        if (shape.epilogue() != Epilogue.NONE) {
            setVector(plan.operation, vector);
        }
        device.begin();
        int status = cublasLtMatmul(
                library,
                plan.operation,
                one,
                a.at(aAddress),
                plan.a,
                b.at(bAddress),
                plan.b,
                shape.addC() ? one : zero,
                c.at(cAddress),
                plan.d,
                d.at(dAddress),
                plan.d,
                plan.algorithm.algo(),
                workspace,
                WORKSPACE_BYTES,
                device.stream());
        device.end(plan.name);
        if (status == CUBLAS_STATUS_SUCCESS) {
            return true;
        }
        refused(status, shape, plan);
        return false;
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
        plans.put(shape, plan.withoutAlgorithm());
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
        return new Plan(name(s), operation, left, right, out, algorithm(s, operation, left, right, out));
    }

    /** The vector has the type of d, which is the library's default. */
    private static int code(Epilogue epilogue) {
        return switch (epilogue) {
            case NONE -> CUBLASLT_EPILOGUE_DEFAULT;
            case BIAS -> CUBLASLT_EPILOGUE_BIAS;
        };
    }

    private @Nullable cublasLtMatmulHeuristicResult_t algorithm(
            Shape s,
            cublasLtMatmulDescOpaque_t operation,
            cublasLtMatrixLayoutOpaque_t left,
            cublasLtMatrixLayoutOpaque_t right,
            cublasLtMatrixLayoutOpaque_t out) {
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
            cublasLtMatmulHeuristicResult_t result = new cublasLtMatmulHeuristicResult_t();
            int[] found = new int[1];
            int status = cublasLtMatmulAlgoGetHeuristic(
                    library, operation, left, right, out, out, preference, 1, result, found);
            cublasLtMatmulPreferenceDestroy(preference);
            return status == CUBLAS_STATUS_SUCCESS && found[0] > 0 && result.state() == CUBLAS_STATUS_SUCCESS
                    ? result
                    : null;
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
