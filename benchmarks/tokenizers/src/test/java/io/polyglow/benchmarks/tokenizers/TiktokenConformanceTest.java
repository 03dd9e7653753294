package io.polyglow.benchmarks.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.knuddels.jtokkit.Encodings;
import io.polyglow.common.token.BpeModel;
import io.polyglow.common.token.ByteLevelBpe;
import io.polyglow.common.token.PeerFiles;
import io.polyglow.common.token.PreTokenPattern;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
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
                "r50k_base;0;15",
                "r50k_base;00;405",
                "r50k_base;000;830",
                "r50k_base;0000;2388",
                "r50k_base;00000;20483",
                "r50k_base;000000;10535",
                "r50k_base;0000000;24598",
                "r50k_base;00000000;8269",
                "r50k_base;000000000;10535 830",
                "r50k_base;0000000000;8269 405",
                "r50k_base;00000000000;8269 830",
                "r50k_base;000000000000;8269 2388",
                "r50k_base;0000000000000;8269 20483",
                "r50k_base;00000000000000;8269 10535",
                "r50k_base;000000000000000;8269 24598",
                "r50k_base;0000000000000000;25645",
                "r50k_base;00000000000000000;8269 10535 830",
                "p50k_base;hello world;31373 995",
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

    /**
     * tiktoken's private {@code _encode_bytes} makes id 62085 of these bytes: its regex sees only the text before the first byte that is not UTF-8, and the last pre-token and all that
     * follows, to the end of the input, is one piece. Here every such byte is a character, neither letter, number nor space, and what follows it is cut as ever.
     */
    @Test
    void shouldEncodeBytesThatAreNotUtf8() {
        byte[] bytes = {' ', (byte) 0xEC, (byte) 0x8B, (byte) 0xA4, (byte) 0xED};
        ByteLevelBpe cl100k = tokenizer("cl100k_base");
        IntArrayList ids = new IntArrayList();
        cl100k.encode(bytes, 0, bytes.length, ids);
        assertThat(ids.toIntArray()).containsExactly(30027, 97, 169);
        assertThat(cl100k.decode(ids.toIntArray(), 0, ids.size())).isEqualTo(bytes);
        assertThat(cl100k.decode(new int[] {62085}, 0, 1)).isEqualTo(bytes);
        for (int i = 0; i < 10; i++) {
            byte[] trails = new byte[i];
            Arrays.fill(trails, (byte) 0x80);
            ids.clear();
            cl100k.encode(trails, 0, i, ids);
            assertThat(cl100k.decode(ids.toIntArray(), 0, ids.size())).isEqualTo(trails);
        }
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
        Path file = Path.of(System.getProperty("polyglow.corpora"), "tiny-shakespeare.txt");
        assumeTrue(Files.exists(file), file + " is not here");
        int[] ids = tokenizer(encoding).encode(Files.readString(file));
        assertThat(ids).hasSize(count);
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES * ids.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asIntBuffer().put(ids);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.array());
        assertThat(HexFormat.of().formatHex(digest)).startsWith(sha256);
    }

    /** nanoGPT's split ({@code data/shakespeare/readme.md}) and llm.c's sections ({@code dev/data/tinyshakespeare.py}), both of GPT-2. */
    @Test
    void shouldGiveThePublishedCountsOfPartsOfTinyShakespeare() throws IOException {
        Path file = Path.of(System.getProperty("polyglow.corpora"), "tiny-shakespeare.txt");
        assumeTrue(Files.exists(file), file + " is not here");
        String text = Files.readString(file);
        ByteLevelBpe gpt2 = tokenizer("r50k_base");
        int cut = (int) (text.length() * 0.9);
        assertThat(gpt2.encode(text.substring(0, cut))).hasSize(301_966);
        assertThat(gpt2.encode(text.substring(cut))).hasSize(36_059);
        List<String> sections = List.of(text.replace("\n\n", "\n\n\0").split("\0", -1));
        assertThat(sections).hasSize(7_222);
        int tokens = sections.stream()
                .mapToInt(section -> 1 + gpt2.encode(section).length)
                .sum();
        assertThat(tokens).isEqualTo(338_028).isEqualTo(32_768 + 305_260);
    }

    /** The hashes that tiktoken pins ({@code tiktoken_ext/openai_public.py}). */
    @ParameterizedTest
    @CsvSource({
        "r50k_base, 306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        "p50k_base, 94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
        "cl100k_base, 223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "o200k_base, 446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    })
    void shouldReadTheFilesThatTiktokenPinsAndWriteThemAgain(String encoding, String sha256) {
        assertThat(PeerFiles.sha256(TiktokenFile.write(tokenizer(encoding).model())))
                .isEqualTo(sha256);
    }

    /** OpenAI's {@code vocab.bpe} and {@code encoder.json}, made from r50k's ranks: the same merges and ids, to the byte. */
    @Test
    void shouldFindTheMergesAndIdsOfGpt2InRanks() {
        BpeModel model = tokenizer("r50k_base").model();
        StringBuilder merges = new StringBuilder("#version: 0.2\n");
        for (int i = 0; i < model.merges().size(); i++) {
            merges.append(model.vocabulary().get(model.merges().left(i)))
                    .append(' ')
                    .append(model.vocabulary().get(model.merges().right(i)))
                    .append('\n');
        }
        assertThat(PeerFiles.sha256(merges.toString().getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5");
        StringBuilder ids = new StringBuilder("{");
        for (int id = 0; id < model.vocabulary().size(); id++) {
            ids.append(id == 0 ? "" : ", ");
            json(model.vocabulary().get(id), ids);
            ids.append(": ").append(id);
        }
        json("<|endoftext|>", ids.append(", "));
        ids.append(": ").append(model.vocabulary().size()).append('}');
        assertThat(PeerFiles.sha256(ids.toString().getBytes(StandardCharsets.UTF_8)))
                .isEqualTo("196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783");
    }

    /** As Python's json.dumps writes a string. */
    private static void json(String text, StringBuilder out) {
        out.append('"');
        text.chars().forEach(c -> {
            if (c == '"' || c == '\\') {
                out.append('\\').append((char) c);
            } else if (c < 0x7F) {
                out.append((char) c);
            } else {
                out.append(String.format("\\u%04x", c));
            }
        });
        out.append('"');
    }

    /** jtokkit's rows of prompt and ids, which tiktoken made. */
    @ParameterizedTest
    @CsvSource({
        "r50k_base, 423, e21a4f29fb65854f9f94a616deb0b700",
        "p50k_base, 423, 0b0f331463e031aa9de4c6662144814b",
        "cl100k_base, 423, 80e8fcc39c8130b4400d78ec810b110a",
        "o200k_base, 421, 1cbe9ee9d51db13bc52ee392ddcb66d6",
    })
    void shouldGiveTheIdsOfEveryPromptOfJtokkit(String encoding, int rows, String sha256) throws IOException {
        String path = "knuddelsgmbh/jtokkit/lib/src/test/resources/" + encoding + "_encodings.csv";
        byte[] csv = PeerFiles.read(path, sha256);
        List<List<String>> table = csv(new String(csv, StandardCharsets.UTF_8));
        assertThat(table).hasSize(1 + rows);
        for (List<String> row : table.subList(1, table.size())) {
            assertThat(Arrays.toString(tokenizer(encoding).encode(row.get(0))))
                    .as(row.get(0))
                    .isEqualTo(row.get(1));
        }
    }

    /** RFC 4180. */
    private static List<List<String>> csv(String text) {
        List<List<String>> rows = new ArrayList<>(List.of(new ArrayList<>()));
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"') {
                if (quoted && i + 1 < text.length() && text.charAt(i + 1) == '"') {
                    field.append(text.charAt(++i));
                } else {
                    quoted = !quoted;
                }
            } else if (!quoted && (c == ',' || c == '\n')) {
                rows.get(rows.size() - 1).add(field.toString());
                field.setLength(0);
                if (c == '\n' && i + 1 < text.length()) {
                    rows.add(new ArrayList<>());
                }
            } else if (quoted || c != '\r') {
                field.append(c);
            }
        }
        if (field.length() > 0) {
            rows.get(rows.size() - 1).add(field.toString());
        }
        return rows;
    }

    /** tiktoken's {@code test_catastrophically_repetitive} and {@code test_large_repeated}. */
    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "p50k_base", "cl100k_base", "o200k_base"})
    void shouldGiveBackWhatRepeatsTenThousandTimes(String encoding) {
        for (String unit : List.of("^", "0", "a", "'s", " ", "\n")) {
            String big = unit.repeat(10_000);
            for (String text : List.of(big, " " + big, " " + big + "\n")) {
                assertRoundTrip(encoding, text);
            }
        }
        assertRoundTrip(encoding, "x".repeat(1_000_000));
        for (String text : List.of("hello", "hello ", "hello  ", " hello  ", "请考试我的软件！12345", "")) {
            assertRoundTrip(encoding, text);
        }
    }

    private static void assertRoundTrip(String encoding, String text) {
        int[] ids = tokenizer(encoding).encode(text);
        assertThat(new String(tokenizer(encoding).decode(ids, 0, ids.length), StandardCharsets.UTF_8))
                .isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "p50k_base", "cl100k_base", "o200k_base"})
    void shouldGiveEveryTokenItsOwnId(String encoding) {
        ByteLevelBpe tokenizer = tokenizer(encoding);
        Set<Integer> specials = new HashSet<>();
        tokenizer.model().addedTokens().forEach(token -> specials.add(token.id()));
        IntArrayList ids = new IntArrayList();
        int pieces = 0;
        for (int id = 0; id < tokenizer.vocabSize(); id++) {
            byte[] token = tokenizer.decode(new int[] {id}, 0, 1);
            boolean onePiece = !specials.contains(id)
                    && ((PreTokenPattern) tokenizer.model().pattern()).end(token, 0, token.length) == token.length;
            if (onePiece) {
                ids.clear();
                tokenizer.encode(token, 0, token.length, ids);
                assertThat(ids.toIntArray()).containsExactly(id);
                pieces++;
            }
        }
        assertThat(pieces).isGreaterThan((int) (0.9 * tokenizer.vocabSize()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"r50k_base", "p50k_base", "cl100k_base", "o200k_base"})
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
