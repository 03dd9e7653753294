package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonArray;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PreTokenPattern;
import io.polyglow.dataprep.spark.TokenizerJob.Settings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerJobTest {
    private static final Path SHAKESPEARE =
            Path.of(System.getProperty("polyglow.root"), "../shared/corpora/tiny-shakespeare.txt");

    @Test
    void shouldLearnTheGoldenMergesOfTinyShakespeareHoweverTheFileIsCut() throws Exception {
        assumeTrue(Files.exists(SHAKESPEARE), "tiny Shakespeare is not there");
        SparkSession spark = LocalSpark.session();
        spark.conf().set("spark.sql.files.maxPartitionBytes", "300000");

        ByteLevelBpe tokenizer = TokenizerJob.run(
                spark,
                List.of(SHAKESPEARE.toString()),
                new Settings(PreTokenPattern.GPT2, 512, true),
                ProgressListener.SILENT);

        List<String> merges = merges(tokenizer);
        assertThat(merges).hasSize(255);
        byte[] hash = MessageDigest.getInstance("SHA-256")
                .digest(String.join("\n", merges).getBytes(StandardCharsets.UTF_8));
        assertThat(HexFormat.of().formatHex(hash))
                .isEqualTo("08dc9127302db2fe98043815c4d89c263463db4ceea9cdfcb899c71e1f283a59");
    }

    @Test
    void shouldLearnCharactersOfRawFiles(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("any-name");
        Files.writeString(file, "añb\r\nñ");

        ByteLevelBpe tokenizer = TokenizerJob.run(
                LocalSpark.session(),
                List.of(file.toString()),
                new Settings(PreTokenPattern.CHAR, 0, false),
                ProgressListener.SILENT);

        // <|endoftext|> \n \r a b ñ
        assertThat(tokenizer.vocabSize()).isEqualTo(6);
        assertThat(tokenizer.encode("ñ\r\n")).containsExactly(5, 2, 1);
    }

    /** "left right" of every merge, whichever of the two notations the file uses. */
    private static List<String> merges(ByteLevelBpe tokenizer) {
        JsonArray merges = Json.parseObject("tokenizer.json", tokenizer.json(), 64 << 20)
                .getObject("model")
                .getArray("merges");
        List<String> result = new ArrayList<>();
        for (int i = 0; i < merges.size(); i++) {
            result.add(
                    merges.get(i) instanceof JsonArray pair
                            ? pair.get(0) + " " + pair.get(1)
                            : String.valueOf(merges.get(i)));
        }
        return result;
    }
}
