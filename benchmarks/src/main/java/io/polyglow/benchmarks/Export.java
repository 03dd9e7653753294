package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;

/** Brings the initial weights into the work folder, by ours, unless they are there. */
final class Export {
    private final WorkFolder folder;
    private final long timeoutSeconds;

    Export(WorkFolder folder, long timeoutSeconds) {
        this.folder = folder;
        this.timeoutSeconds = timeoutSeconds;
    }

    /** Ensures the weights of the folder's plan. */
    void weights(Contender ours) throws IOException {
        if (!Files.isDirectory(folder.checkpoint(folder.plan()))) {
            export(ours);
        }
    }

    /** The loss of the weights on the first batch, and ensures them. */
    double loss(Contender ours) throws IOException {
        return export(ours).losses().get(0);
    }

    private Measurement export(Contender ours) throws IOException {
        WorkFolder.delete(folder.weights(folder.plan()));
        JsonObject result = ours.run(folder, "export", "export", timeoutSeconds);
        return Measurement.parse(result);
    }
}
