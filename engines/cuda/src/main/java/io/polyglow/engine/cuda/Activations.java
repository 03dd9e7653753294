package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Launcher.ByType;
import io.polyglow.trainer.tensor.Tensor;

/** GELU and SwiGLU. */
final class Activations {
    private final Launcher launcher;
    private final ByType gelu;
    private final ByType geluBackward;
    private final ByType swiglu;
    private final ByType swigluBackward;

    Activations(Launcher launcher) {
        this.launcher = launcher;
        gelu = launcher.kernels("gelu");
        geluBackward = launcher.kernels("gelu_backward");
        swiglu = launcher.kernels("swiglu");
        swigluBackward = launcher.kernels("swiglu_backward");
    }

    void gelu(Tensor out, Tensor x) {
        launcher.call(gelu.of(x.dtype())).tensor(out).tensor(x).i64(x.size()).run(Elements.grid(x.size()));
    }

    void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        launcher.call(geluBackward.of(x.dtype()))
                .tensor(dX)
                .tensor(dOut)
                .tensor(x)
                .i64(x.size())
                .run(Elements.grid(x.size()));
    }

    void swiglu(Tensor out, Tensor gateUp) {
        launcher.call(swiglu.of(out.dtype()))
                .tensor(out)
                .tensor(gateUp)
                .i32(out.dim(1))
                .i64(out.size())
                .run(Elements.grid(out.size()));
    }

    void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        launcher.call(swigluBackward.of(dOut.dtype()))
                .tensor(dGateUp)
                .tensor(dOut)
                .tensor(gateUp)
                .i32(dOut.dim(1))
                .i64(dOut.size())
                .run(Elements.grid(dOut.size()));
    }
}
