package io.polyglow.trainer.kernels;

import java.util.Optional;

/** Offers the {@link ReferenceEngine}, which runs everywhere and which nothing prefers. */
public final class ReferenceEngineProvider implements EngineProvider {
    @Override
    public String name() {
        return ReferenceEngine.NAME;
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Engine open(MachineShare share) {
        return new ReferenceEngine();
    }
}
