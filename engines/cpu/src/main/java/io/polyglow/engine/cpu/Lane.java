package io.polyglow.engine.cpu;

import static org.bytedeco.dnnl.global.dnnl.dnnl_stream_destroy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.dnnl.dnnl_stream;

/** What one thread of the team owns: compiled products, working memory, and windows on tensors. */
final class Lane implements AutoCloseable {
    /** Attention's backward pass over 8,192 rows takes 640 products, over and over: were they more than this, each would be made anew every time. */
    private static final int MAX_PRIMITIVES = 8192;

    private static final int WINDOWS = 6;

    private final dnnl_stream stream = OneDnn.newStream();
    private final Recent<GemmSpec, Gemm> gemms = new Recent<>(Gemm::close);
    private final Recent<Packing.Spec, Packing> packings = new Recent<>(Packing::close);
    private final Scratch scratchpad = new Scratch();
    private final Scratch scratch = new Scratch();
    private final Window[] windows = new Window[WINDOWS];
    private long products;
    private long operations;

    Lane() {
        for (int i = 0; i < WINDOWS; i++) {
            windows[i] = new Window();
        }
    }

    /** One of the windows of this lane. */
    Window window(int index) {
        return windows[index];
    }

    /** Working memory of one task; what it holds is undefined. */
    Memory scratch(long bytes) {
        return scratch.atLeast(bytes);
    }

    /** {@code C = A B}, with what the spec adds. */
    void multiply(GemmSpec spec, long a, long b, long c, long bias, long residual) {
        Gemm gemm = gemms.get(spec);
        if (gemm == null) {
            gemm = new Gemm(spec);
            gemms.put(spec, gemm);
        }
        products++;
        operations += spec.operations();
        gemm.run(
                stream,
                a,
                b,
                c,
                bias,
                residual,
                scratchpad.atLeast(gemm.scratchpadBytes()).address(0));
    }

    /** {@code C = A B} or {@code C += A B}, as the spec says. */
    void multiply(GemmSpec spec, long a, long b, long c) {
        multiply(spec, a, b, c, 0, 0);
    }

    /** Copies columns of B to where products will read them. */
    void pack(Packing.Spec spec, long from, long to) {
        Packing packing = packings.get(spec);
        if (packing == null) {
            packing = new Packing(spec);
            packings.put(spec, packing);
        }
        packing.run(
                stream, from, to, scratchpad.atLeast(packing.scratchpadBytes()).address(0));
    }

    /** Working memory that its tasks and products have asked for, but for the windows' rows. */
    long scratchBytes() {
        return scratch.bytes() + scratchpad.bytes();
    }

    /** Products run so far. */
    long products() {
        return products;
    }

    /** Their multiplications and additions. */
    long operations() {
        return operations;
    }

    @Override
    public void close() {
        gemms.close();
        packings.close();
        for (Window window : windows) {
            window.close();
        }
        scratchpad.close();
        scratch.close();
        dnnl_stream_destroy(stream);
    }

    /** The most recently used primitives. */
    private static final class Recent<K, V> extends LinkedHashMap<K, V> {
        private static final long serialVersionUID = 1L;

        private final transient Consumer<V> closing;

        Recent(Consumer<V> closing) {
            super(16, 0.75f, true);
            this.closing = closing;
        }

        @Override
        protected boolean removeEldestEntry(Map.Entry<K, V> eldest) {
            if (size() <= MAX_PRIMITIVES) {
                return false;
            }
            closing.accept(eldest.getValue());
            return true;
        }

        void close() {
            values().forEach(closing);
            clear();
        }
    }
}
