package io.polyglow.common.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    private static JsonObject parse(String text) {
        return Json.parseObject("m.json", text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void shouldReadEveryType() {
        JsonObject o = parse(
                "{\"s\":\"ñ\\u00e9\",\"i\":-7,\"d\":2.5e-3,\"b\":true,\"n\":null,\"a\":[1,\"x\",{}],\"o\":{\"k\":1}}");
        assertThat(o.getString("s")).isEqualTo("ñé");
        assertThat(o.getInt("i")).isEqualTo(-7);
        assertThat(o.getDouble("d")).isEqualTo(0.0025);
        assertThat(o.getDouble("i")).isEqualTo(-7.0);
        assertThat(o.getBoolean("b")).isTrue();
        assertThat(o.has("n")).isTrue();
        assertThat(o.getString("n", "none")).isEqualTo("none");
        assertThat(o.getArray("a").getString(1)).isEqualTo("x");
        assertThat(o.getObject("o").getLong("k", 0, 1)).isEqualTo(1);
        assertThat(o.names()).containsExactly("s", "i", "d", "b", "n", "a", "o");
    }

    @Test
    void shouldWriteInInsertionOrderAndReadBack() {
        JsonObject o = new JsonObject()
                .put("z", 1)
                .put("a", List.of(1L, 0.1f, 0.1, 1e-7, "\"\n\u2028é"))
                .put("m", Map.of("k", true))
                .put("none", null);
        assertThat(Json.line(o))
                .isEqualTo("{\"z\":1,\"a\":[1,0.1,0.1,1.0E-7,\"\\\"\\n\u2028é\"],\"m\":{\"k\":true},\"none\":null}");
        assertThat(Json.pretty(new JsonObject().put("a", List.of(1, 2)).put("b", Map.of())))
                .isEqualTo("{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": { }\n}\n");
        assertThat(parse(Json.pretty(o))).isEqualTo(o);
        assertThat(parse(Json.line(o))).isEqualTo(o);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "getString s | m.json: $.o[1].s: missing.",
                "getLong x | m.json: $.o[1].x: expected a whole number, found the string \"five\".",
                "getLong y | m.json: $.o[1].y: 300 is outside of [0, 255].",
                "getObject y | m.json: $.o[1].y: expected an object, found 300.",
                "getArray n | m.json: $.o[1].n: must not be null.",
                "getBoolean a | m.json: $.o[1].a: expected true or false, found an array.",
            })
    void shouldNameFileAndPathWhenAValueIsWrong(String call, String message) {
        JsonObject o = parse("{\"o\":[0,{\"x\":\"five\",\"y\":300,\"n\":null,\"a\":[]}]}")
                .getArray("o")
                .getObject(1);
        String name = call.substring(call.indexOf(' ') + 1);
        assertThatThrownBy(() -> {
                    switch (call.substring(0, call.indexOf(' '))) {
                        case "getString" -> o.getString(name);
                        case "getLong" -> o.getLong(name, 0, 255);
                        case "getObject" -> o.getObject(name);
                        case "getArray" -> o.getArray(name);
                        default -> o.getBoolean(name);
                    }
                })
                .hasMessage(message)
                .extracting(e -> ((PolyglowException) e).kind())
                .isEqualTo(ErrorKind.DATA);
    }

    @Test
    void shouldRefuseUnknownNames() {
        assertThatThrownBy(() -> parse("{\"a\":1,\"b\":2}").refuseUnknown(Set.of("a")))
                .hasMessageContaining("m.json: $.b: unknown name");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{",
                "{\"a\":1}x",
                "{\"a\":1} {}",
                "{\"a\":1,\"a\":2}",
                "{\"a\":NaN}",
                "{\"a\":Infinity}",
                "{\"a\":1e999}",
                "{'a':1}",
                "{\"a\":01}",
                "{\"a\":1,}",
                "{\"a\":1 /* no */}",
                "{\"a\":\"\\x\"}",
                "{\"a\":\"tab\there\"}",
                "\uFEFF{}"
            })
    void shouldRefuseMalformedDocuments(String text) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(PolyglowException.class)
                .hasMessageStartingWith("m.json");
    }

    @Test
    void shouldTellLineAndColumnWhenMalformed() {
        assertThatThrownBy(() -> parse("{\n  \"a\": }")).hasMessageStartingWith("m.json:2:9: not valid JSON");
    }

    @Test
    void shouldRefuseInvalidUtf8() {
        byte[] bytes = "{\"a\":\"?\"}".getBytes(StandardCharsets.UTF_8);
        for (int bad : new int[] {0xFF, 0xC0, 0xED}) {
            bytes[6] = (byte) bad;
            assertThatThrownBy(() -> Json.parseObject("m.json", bytes))
                    .hasMessageContaining("m.json, byte 6: not valid UTF-8");
        }
        byte[] cut = {'{', '"', (byte) 0xC3};
        assertThatThrownBy(() -> Json.parseObject("m.json", cut)).hasMessageContaining("not valid UTF-8");
    }

    @Test
    void shouldBoundDepthNumbersAndSize() {
        assertThat(parse("{\"a\":" + "[".repeat(63) + "]".repeat(63) + "}").names())
                .hasSize(1);
        assertThatThrownBy(() -> parse("{\"a\":" + "[".repeat(64) + "]".repeat(64) + "}"))
                .isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> parse("{\"a\":" + "[".repeat(100_000))).isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> parse("{\"a\":1" + "0".repeat(10_000_000) + "}"))
                .isInstanceOf(PolyglowException.class);
        assertThatThrownBy(() -> Json.parseObject("m.json", new byte[11], 10))
                .hasMessageContaining("larger than 10 bytes");
    }

    @Test
    void shouldReadAtMostTheLimitFromAStream() throws IOException {
        ByteArrayInputStream endless = new ByteArrayInputStream(new byte[1000]);
        assertThatThrownBy(() -> Json.parseObject("m.json", endless, 10)).hasMessageContaining("larger than 10 bytes");
        assertThat(endless.available()).isEqualTo(989);
        ByteArrayInputStream exact = new ByteArrayInputStream("{\"a\": 100}".getBytes(StandardCharsets.UTF_8));
        assertThat(Json.parseObject("m.json", exact, 10).getLong("a")).isEqualTo(100);
    }

    @Test
    void shouldRefuseToWriteWhatJsonCannotSay() {
        assertThatThrownBy(() -> new JsonObject().put("a", Double.NaN)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new JsonArray().add(new Object())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @Timeout(20)
    void shouldReadHundredsOfThousandsOfValuesInLinearTime() {
        JsonArray merges = new JsonArray();
        JsonObject vocab = new JsonObject();
        for (int i = 0; i < 300_000; i++) {
            merges.add(List.of("left" + i, "right" + i));
            vocab.put("token" + i, i);
        }
        String text = Json.pretty(new JsonObject().put("vocab", vocab).put("merges", merges));
        JsonObject back = Json.parseObject("t.json", text.getBytes(StandardCharsets.UTF_8), 64 << 20);
        assertThat(back.getArray("merges").getArray(299_999).strings()).containsExactly("left299999", "right299999");
        assertThat(back.getObject("vocab").getInt("token299999")).isEqualTo(299_999);
    }
}
