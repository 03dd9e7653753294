package io.polyglow.common.token.shard;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * One shard of the manifest: the files {@code NAME.bin}, {@code NAME.idx} and {@code NAME.lang}.
 *
 * @param name split and number, e.g. {@code train-00000}
 * @param languages what the numbers in {@code NAME.lang} mean, with the shard's counts
 */
public record ShardInfo(
        String name,
        TokenType type,
        long documents,
        long tokens,
        FileDigest bin,
        FileDigest idx,
        FileDigest lang,
        List<LanguageCount> languages) {
    static final Pattern NAME = Pattern.compile("(train|validation)-[0-9]{5}");

    private static final Set<String> NAMES =
            Set.of("name", "dtype", "documents", "tokens", "bin", "idx", "lang", "languages");

    /** {@code train} or {@code validation}. */
    public String split() {
        return name.substring(0, name.indexOf('-'));
    }

    /** One line of JSON: how a task that wrote a shard reports it to whoever writes the manifest. */
    public String line() {
        return Json.line(json());
    }

    /** Reads {@link #line}. */
    public static ShardInfo parse(String line) {
        return parse(Json.parseObject("shard report", line.getBytes(StandardCharsets.UTF_8)));
    }

    static ShardInfo parse(JsonObject json) {
        json.refuseUnknown(NAMES);
        String name = json.getString("name");
        if (!NAME.matcher(name).matches()) {
            throw json.problem("name", "\"" + name + "\" is not the name of a shard, e.g. train-00000.");
        }
        return new ShardInfo(
                name,
                TokenType.named(json.getString("dtype")),
                json.getLong("documents", 0, Integer.MAX_VALUE),
                json.getLong("tokens", 0, Integer.MAX_VALUE),
                FileDigest.parse(json.getObject("bin")),
                FileDigest.parse(json.getObject("idx")),
                FileDigest.parse(json.getObject("lang")),
                LanguageCount.parse(json.getArray("languages")));
    }

    JsonObject json() {
        return new JsonObject()
                .put("name", name)
                .put("dtype", type.toString())
                .put("documents", documents)
                .put("tokens", tokens)
                .put("bin", bin.json())
                .put("idx", idx.json())
                .put("lang", lang.json())
                .put("languages", LanguageCount.json(languages));
    }
}
