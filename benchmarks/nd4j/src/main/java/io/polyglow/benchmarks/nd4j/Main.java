package io.polyglow.benchmarks.nd4j;

import io.polyglow.benchmarks.PeerProgram;
import java.io.IOException;
import java.util.List;

/** The program of this peer. */
public final class Main {
    private Main() {}

    /** {@code VERB FOLDER RESULT}; see {@link PeerProgram}. */
    public static void main(String[] arguments) throws IOException {
        NativeLibrary.choose();
        PeerProgram.run(List.of(arguments), SameDiffModel::new);
    }
}
