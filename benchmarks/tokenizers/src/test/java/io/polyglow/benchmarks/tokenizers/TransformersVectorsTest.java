package io.polyglow.benchmarks.tokenizers;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.token.ByteLevelBpe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts and ids of Hugging Face's tokenizers for GPT-2, GPT-4 and GPT-4o, as xenova/transformers.js keeps them ({@code tests/models/gpt2/tokenization.js}); {@code ~} is a line feed. */
class TransformersVectorsTest {
    private static final Map<String, ByteLevelBpe> TOKENIZERS = new HashMap<>();

    private static ByteLevelBpe tokenizer(String encoding) throws IOException {
        if (!TOKENIZERS.containsKey(encoding)) {
            TOKENIZERS.put(encoding, new ByteLevelBpe(Encoders.model(encoding)));
        }
        return TOKENIZERS.get(encoding);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "How are you doing?|2437 389 345 1804 30",
                "You should've done this|1639 815 1053 1760 428",
                "0123456789 0 1 2 3 4 5 6 7 8 9 10 100 1000|486 1954 2231 3134 4531 657 352 362 513 604 642 718 767 807 860 838 1802 8576",
                "The company was founded in 2016.|464 1664 373 9393 287 1584 13",
                "A~'ll !!to?'d''d of, can't.|32 198 1183 37867 1462 8348 67 7061 67 286 11 460 470 13",
                "def main():~\tpass|4299 1388 33529 198 197 6603",
                "let a = obj.toString();~toString();|1616 257 796 26181 13 1462 10100 9783 198 1462 10100 9783",
                "This~~is~a~test.|1212 198 198 271 198 64 198 9288 13",
                "UNwant\u00e9d,running|4944 42949 2634 67 11 20270",
                "1\u00002\ufffd3|16 188 17 4210 18",
                "Hello World|15496 2159",
                "hello world|31373 995",
                "生活的真谛是|37955 162 112 119 21410 40367 253 164 108 249 42468",
                "   leading space|220 220 3756 2272",
                "trailing space   |9535 4386 2272 220 220 220",
                "Hi  Hello|17250 220 18435",
                "test $1 R2 #3 €4 £5 ¥6 ₣7 ₹8 ₱9 test|9288 720 16 371 17 1303 18 10432 19 4248 20 38221 21 2343 224 96 22 2343 224 117 23 2343 224 109 24 1332",
                "I bought an apple for $1.00 at the store.|40 5839 281 17180 329 720 16 13 405 379 262 3650 13",
                "you…  |5832 1399 220 220",
                "you…\u00a0\u00a0|5832 1399 4603",
                "you…\u00a0\u00a0you…\u00a0\u00a0|5832 1399 1849 1849 5832 1399 4603",
                "weird \uff5e edge \uff5e case|732 1447 27332 121 252 5743 27332 121 252 1339",
                "▁This ▁is ▁a ▁test ▁.|5008 223 1212 11019 223 271 11019 223 64 11019 223 9288 11019 223 13",
                "<s>~|27 82 29 198",
                " </s> test </s> |7359 82 29 1332 7359 82 29 220",
                "</s>test</s>|3556 82 29 9288 3556 82 29",
            })
    void shouldGiveTheIdsOfGpt2(String text, String ids) throws IOException {
        assertIds("r50k_base", text, ids);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "A~'ll !!to?'d''d of, can't.|32 198 3358 11261 998 20837 67 4708 67 315 11 649 956 13",
                "let a = obj.toString();~toString();|1169 264 284 2909 5180 545 6712 2178",
                "test $1 R2 #3 €4 £5 ¥6 ₣7 ₹8 ₱9 test|1985 400 16 432 17 674 18 13281 19 7083 20 72588 21 2928 224 96 22 90891 23 2928 224 109 24 1296",
                "weird \uff5e edge \uff5e case|906 2668 220 21909 6964 220 21909 1162",
            })
    void shouldGiveTheIdsOfGpt4(String text, String ids) throws IOException {
        assertIds("cl100k_base", text, ids);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "0123456789 0 1 2 3 4 5 6 7 8 9 10 100 1000|19267 22901 30833 24 220 15 220 16 220 17 220 18 220 19 220 20 220 21 220 22 220 23 220 24 220 702 220 1353 220 1353 15",
                "The company was founded in 2016.|976 3175 673 24303 306 220 667 21 13",
                "A~'ll !!to?'d''d of, can't.|32 198 6090 17131 935 48511 67 5830 67 328 11 8535 13",
                "def main():~\tpass|1314 2758 8595 100653",
                "let a = obj.toString();~toString();|1347 261 314 4099 3552 916 740 935 916 4177",
                "This~~is~a~test.|2500 279 276 198 64 198 3190 13",
                "UNwant\u00e9d,running|2926 72517 6383 33654 11244",
                "生活的真谛是|32479 1616 7910 7856 249 3221",
                "   leading space|256 8117 4918",
                "trailing space   |371 24408 4918 271",
                "test $1 R2 #3 €4 £5 ¥6 ₣7 ₹8 ₱9 test|3190 548 16 460 17 1069 18 7950 19 8989 20 123814 21 59790 96 22 73406 23 59790 109 24 1746",
                "you…  |13320 1131 256",
                "weird \uff5e edge \uff5e case|854 2716 105665 11165 105665 1890",
                "▁This ▁is ▁a ▁test ▁.|6762 223 2500 39960 276 39960 64 39960 3190 39960 13",
                "<s>~|101950 523",
            })
    void shouldGiveTheIdsOfGpt4o(String text, String ids) throws IOException {
        assertIds("o200k_base", text, ids);
    }

    private static void assertIds(String encoding, String text, String ids) throws IOException {
        ByteLevelBpe tokenizer = tokenizer(encoding);
        String real = text.replace('~', '\n');
        int[] found = tokenizer.encode(real);
        assertThat(found)
                .isEqualTo(Stream.of(ids.split(" ", -1))
                        .mapToInt(Integer::parseInt)
                        .toArray());
        assertThat(new String(tokenizer.decode(found, 0, found.length), StandardCharsets.UTF_8))
                .isEqualTo(real);
    }
}
