package io.polyglow.engine.cuda;

import java.util.Optional;

/** Whether the tests that need a GPU can run here. */
final class Gpu {
    private Gpu() {}

    /** For {@code @EnabledIf}. A machine that must have a GPU sets {@code POLYGLOW_REQUIRE_GPU}, so that its tests cannot be skipped unseen. */
    static boolean isHere() {
        Optional<String> reason = new CudaEngineProvider().unavailable();
        if (reason.isPresent() && System.getenv("POLYGLOW_REQUIRE_GPU") != null) {
            throw new AssertionError("POLYGLOW_REQUIRE_GPU is set, but: " + reason.get());
        }
        return reason.isEmpty();
    }

    /** For {@code @EnabledIf}: whether several GPUs can reach each other by NCCL. */
    static boolean canMeet() {
        return isHere()
                && NvidiaDevice.count() > 1
                && NvidiaLibraries.loadNccl().isEmpty();
    }
}
