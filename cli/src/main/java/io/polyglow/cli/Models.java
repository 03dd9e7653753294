package io.polyglow.cli;

import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import io.polyglow.trainer.config.TrainConfig;
import io.polyglow.trainer.eval.TrainedModel;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.Engines;
import java.io.IOException;
import java.util.Locale;

/** Loads a run's model into this process, on the run's engine and all cores. */
final class Models {
    /** What to do with the model. */
    interface Use<R> {
        R with(TrainedModel model) throws IOException;
    }

    private Models() {}

    static <R> R use(String run, Use<R> use) throws IOException {
        try (Store store = Stores.open(run)) {
            TrainConfig config = TrainedModel.config(store);
            String name = config.engine().name().toLowerCase(Locale.ROOT);
            try (Engine engine = Engines.named(name).open(Runtime.getRuntime().availableProcessors());
                    TrainedModel model = TrainedModel.open(store, engine)) {
                return use.with(model);
            }
        }
    }
}
