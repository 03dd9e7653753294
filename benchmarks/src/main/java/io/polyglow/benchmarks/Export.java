package io.polyglow.benchmarks;

import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

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
        delete(folder.weights(folder.plan()));
        JsonObject result = ours.run(folder, "export", "export", timeoutSeconds);
        return Measurement.parse(result);
    }

    static void delete(Path tree) throws IOException {
        if (!Files.exists(tree)) {
            return;
        }
        try (Stream<Path> files = Files.walk(tree)) {
            List<Path> deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
            for (Path file : deepestFirst) {
                Files.delete(file);
            }
        }
    }
}
