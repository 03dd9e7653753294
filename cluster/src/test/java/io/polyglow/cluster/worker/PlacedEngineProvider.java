package io.polyglow.cluster.worker;

import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.Engines;
import io.polyglow.trainer.kernels.MachineShare;
import java.lang.reflect.Proxy;
import java.util.Optional;

/** The reference engine under the name of one that computes on GPUs; its place is what it was given. */
public final class PlacedEngineProvider implements EngineProvider {
    @Override
    public String name() {
        return "cuda";
    }

    @Override
    public int priority() {
        return -1;
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Engine open(MachineShare share) {
        Engine reference = Engines.named("reference").open(share);
        return (Engine) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Engine.class},
                (proxy, method, arguments) -> method.getName().equals("place")
                        ? "place " + share.indexOnHost() + " of the host with GPU " + share.gpus()
                        : method.invoke(reference, arguments));
    }
}
