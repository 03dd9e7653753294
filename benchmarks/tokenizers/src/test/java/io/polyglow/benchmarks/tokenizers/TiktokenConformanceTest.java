package io.polyglow.benchmarks.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.knuddels.jtokkit.Encodings;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.TiktokenFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Random;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's encodings, from the ranks that jtokkit ships, against ids known from tiktoken and against jtokkit. */
class TiktokenConformanceTest {
    private static final Map<String, ByteLevelBpe> TOKENIZERS = new HashMap<>();

    private static ByteLevelBpe tokenizer(String encoding) {
        return TOKENIZERS.computeIfAbsent(encoding, name -> {
            try {
                return new ByteLevelBpe(Encoders.model(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    /** From tiktoken's {@code tests/test_encoding.py} and GPT-3-Encoder's {@code Encoder.test.js}. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '^',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "r50k_base;hello world;31373 995",
                "r50k_base;00000000000000000;8269 10535 830",
                "r50k_base;indivisible;521 452 12843",
                "r50k_base;hello 👋 world 🌍;31373 50169 233 995 12520 234 235",
                "cl100k_base;hello world;15339 1917",
                "cl100k_base;👍;9468 239 235",
                "cl100k_base; \u00850;220 126 227 15",
                "cl100k_base;rer;38149",
                "cl100k_base;'rer;2351 81",
            })
    void shouldGiveTheIdsOfTiktoken(String encoding, String text, String ids) {
        assertThat(tokenizer(encoding).encode(text))
                .isEqualTo(Arrays.stream(ids.split(" ", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray());
    }

    @Test
    void shouldGiveTheIdsOfTiktokenWhenLinesBreak() {
        assertThat(tokenizer("cl100k_base").encode("today\n ")).containsExactly(31213, 198, 220);
        assertThat(tokenizer("cl100k_base").encode("today\n \n")).containsExactly(31213, 27907);
        assertThat(tokenizer("cl100k_base").encode("today\n  \n")).containsExactly(31213, 14211);
    }

    /** tiktoken's encode_bytes joins the broken byte to the word before it (id 62085); here it is a character of its own, neither letter nor space. */
    @Test
    void shouldEncodeBytesThatAreNotUtf8() {
        byte[] bytes = {' ', (byte) 0xEC, (byte) 0x8B, (byte) 0xA4, (byte) 0xED};
        ByteLevelBpe cl100k = tokenizer("cl100k_base");
        IntArrayList ids = new IntArrayList();
        cl100k.encode(bytes, 0, bytes.length, ids);
        assertThat(ids.toIntArray()).containsExactly(30027, 97, 169);
        assertThat(cl100k.decode(ids.toIntArray(), 0, ids.size())).isEqualTo(bytes);
    }

    /** tiktoken's {@code tests/test_offsets.py}: a token begins at the character that its first byte belongs to. */
    @Test
    void shouldTellTheOffsetsOfTokensThatSplitCharacters() {
        byte[] utf8 = "நடிகர் சூர்யா".getBytes(StandardCharsets.UTF_8);
        ByteLevelBpe cl100k = tokenizer("cl100k_base");
        IntArrayList ids = new IntArrayList();
        cl100k.encode(utf8, 0, utf8.length, ids);
        long[] ends = cl100k.ends(ids, 0);
        int[] characters = new int[ends.length];
        for (int i = 0; i < ends.length; i++) {
            int start = i == 0 ? 0 : (int) ends[i - 1];
            int before = 0;
            for (int at = 0; at <= start; at++) {
                before += (utf8[at] & 0xC0) == 0x80 ? 0 : 1;
            }
            characters[i] = before - 1;
        }
        assertThat(characters).containsExactly(0, 0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 9, 9, 10, 11, 12, 12);
    }

    /** Counts and hashes measured with tiktoken and Hugging Face tokenizers over the whole file. */
    @ParameterizedTest
    @CsvSource({
        "r50k_base, 338025, 0c00ab83dc7f",
        "cl100k_base, 301829, 41f9d89d",
        "o200k_base, 297606, 5f27fd8a",
    })
    void shouldGiveTheKnownIdsOfTinyShakespeare(String encoding, int count, String sha256) throws Exception {
        Path file = Path.of(System.getProperty("polyglow.root"), "..", "shared", "corpora", "tiny-shakespeare.txt");
        assumeTrue(Files.exists(file), file + " is not here");
        int[] ids = tokenizer(encoding).encode(Files.readString(file));
        assertThat(ids).hasSize(count);
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ids.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
        assertThat(HexFormat.of().formatHex(digest)).startsWith(sha256);
    }

    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "cl100k_base", "o200k_base"})
    void shouldWriteTheFileThatItRead(String encoding) throws IOException {
        try (InputStream in = Encodings.class.getResourceAsStream(encoding + ".tiktoken")) {
            BpeModel model = tokenizer(encoding).model();
            assertThat(Arrays.equals(TiktokenFile.write(model), in.readAllBytes()))
                    .isTrue();
            assertThat(model.wholePieceFirst()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "cl100k_base", "o200k_base"})
    void shouldGiveTheIdsOfJtokkitWhenTheTextIsRandom(String encoding) throws IOException {
        Random random = new Random(5);
        String spice = "  \n''sSeErRlLtThH019.,/-=_aeiouABC ñéÉжЖह中ไ\u00a0\u3000\u0301";
        ByteLevelBpe ours = tokenizer(encoding);
        try (TextEncoder theirs = Encoders.named(Encoders.JTOKKIT, encoding, ours.model())) {
            for (int round = 0; round < 2000; round++) {
                StringBuilder text = new StringBuilder();
                random.ints(1 + random.nextInt(80), 0, spice.length()).forEach(i -> text.append(spice.charAt(i)));
                assertThat(ours.encode(text.toString())).as(text.toString()).isEqualTo(theirs.encode(text.toString()));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"=", "-", "*", " ", "a", "^", "ab", "the", "中", "\n", "0"})
    void shouldGiveTheIdsOfJtokkitWhenOneUnitRepeats(String unit) throws IOException {
        ByteLevelBpe ours = tokenizer("o200k_base");
        try (TextEncoder theirs = Encoders.named(Encoders.JTOKKIT, "o200k_base", ours.model())) {
            for (int length : new int[] {1, 2, 63, 64, 65, 127, 200, 1001}) {
                String text = unit.repeat(length);
                assertThat(ours.encode(text)).as(length + " x " + unit).isEqualTo(theirs.encode(text));
            }
        }
    }
}
