package io.polyglow.trainer.kernels;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;

/** Chooses an engine by its config name among those on the class path. */
public final class Engines {
    /** The config name that means the fastest engine that works here. */
    public static final String AUTO = "auto";

    /** How to get engines that not every build includes, because they are large. */
    private static final Map<String, String> OPTIONAL = Map.of(
            "nd4j",
            " This build lacks ND4J: build again with POLYGLOW_PROFILES=nd4j ./polyglow ..., or for GPUs with"
                    + " POLYGLOW_PROFILES=nd4j-cuda (both are Maven profiles: mvn -Pnd4j package).");

    private Engines() {}

    /** All engines on the class path, the preferred one first. */
    public static List<EngineProvider> all() {
        return ServiceLoader.load(EngineProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .sorted(Comparator.comparingInt(EngineProvider::priority)
                        .reversed()
                        .thenComparing(EngineProvider::name))
                .toList();
    }

    /** The engine of this name, or for {@link #AUTO} the preferred one that can run here; otherwise a USAGE or ENVIRONMENT error. */
    public static EngineProvider named(String name) {
        List<EngineProvider> all = all();
        for (EngineProvider provider : all) {
            if (name.equals(AUTO) && provider.unavailable().isEmpty()) {
                return provider;
            }
            // to ask an engine may load its native library, so only the one in question is asked
            if (name.equals(provider.name())) {
                provider.unavailable().ifPresent(reason -> refuse(name, reason));
                return provider;
            }
        }
        String known = all.stream().map(EngineProvider::name).collect(Collectors.joining(", "));
        throw new PolyglowException(
                ErrorKind.USAGE,
                "engine: " + name + " is not on the class path; there are: " + AUTO + ", " + known + "."
                        + OPTIONAL.getOrDefault(name, ""));
    }

    /** The engines of this name on the class path, or for {@link #AUTO} all that it may mean, whether they can run here or not. */
    public static List<EngineProvider> candidates(String name) {
        return all().stream()
                .filter(each -> name.equals(AUTO) ? each.priority() >= 0 : name.equals(each.name()))
                .toList();
    }

    private static void refuse(String name, String reason) {
        throw new PolyglowException(
                ErrorKind.ENVIRONMENT, "engine: " + name + " cannot run on this machine: " + reason);
    }
}
