package io.polyglow.dataprep.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tokenizer that the tests of {@code common} use was trained here, on the 532 declarations; {@link #main} writes it again. */
class MultilingualTokenizerTest {
    private static final String RESOURCE = "/io/polyglow/common/token/multilingual-2048.json";

    public static void main(String[] args) throws IOException {
        Files.write(Path.of(args[1]), train(Path.of(args[0])).json());
    }

    @Test
    void shouldTrainTheSameTokenizerAgain() throws IOException {
        Path udhr = Path.of(System.getProperty("polyglow.corpora"), "udhr");
        assumeTrue(Files.exists(udhr), udhr + " is not here");
        try (InputStream in = ByteLevelBpe.class.getResourceAsStream(RESOURCE)) {
            assertThat(train(udhr).json()).isEqualTo(in.readAllBytes());
        }
    }

    private static ByteLevelBpe train(Path folder) throws IOException {
        PreTokenCounter counter = new PreTokenCounter(PreTokenPattern.GPT2);
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".html")).toList()) {
                byte[] text = Files.readString(file).replaceAll("<[^>]*>", "").getBytes(StandardCharsets.UTF_8);
                counter.add(text, 0, text.length);
            }
        }
        BpeTrainer trainer = new BpeTrainer(BpeTrainerConfig.of(PreTokenPattern.GPT2, 2048, List.of("<|endoftext|>")));
        counter.drainTo(trainer);
        return new ByteLevelBpe(trainer.train());
    }
}
