package io.polyglow.common.token.shard;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One shard of the manifest: the files {@code NAME.bin}, {@code NAME.idx}, {@code NAME.lang} and {@code NAME.docs}.
 *
 * @param name split and number, e.g. {@code train-00000}; {@code .1} and so on follow when a take-down has rewritten it
 * @param docs null in corpora of older versions, which do not tell their documents
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
        @Nullable FileDigest docs,
        List<LanguageCount> languages) {
    static final Pattern NAME = Pattern.compile("(train|validation)-[0-9]{5}(\\.[1-9][0-9]{0,8})?");

    private static final Set<String> NAMES =
            Set.of("name", "dtype", "documents", "tokens", "bin", "idx", "lang", "docs", "languages");

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
                json.has("docs") ? FileDigest.parse(json.getObject("docs")) : null,
                LanguageCount.parse(json.getArray("languages")));
    }

    /** The files of this shard by suffix, {@code .bin} first. */
    public Map<String, FileDigest> files() {
        Map<String, FileDigest> files = new LinkedHashMap<>();
        files.put(".bin", bin);
        files.put(".idx", idx);
        files.put(".lang", lang);
        if (docs != null) {
            files.put(".docs", docs);
        }
        return files;
    }

    /** The same shard under another name: no file holds its own. */
    public ShardInfo withName(String newName) {
        return new ShardInfo(newName, type, documents, tokens, bin, idx, lang, docs, languages);
    }

    ShardInfo withLanguages(List<LanguageCount> counts) {
        return new ShardInfo(name, type, documents, tokens, bin, idx, lang, docs, List.copyOf(counts));
    }

    JsonObject json() {
        JsonObject json = new JsonObject()
                .put("name", name)
                .put("dtype", type.toString())
                .put("documents", documents)
                .put("tokens", tokens);
        files().forEach((suffix, digest) -> json.put(suffix.substring(1), digest.json()));
        return json.put("languages", LanguageCount.json(languages));
    }
}
