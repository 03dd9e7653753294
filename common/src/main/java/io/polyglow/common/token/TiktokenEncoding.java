package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a {@code .tiktoken} file does not say of itself: how text is cut, and the special tokens.
 *
 * @param specials by id; ids between them and the ranks that have no name become {@code <|reserved_ID|>}
 * @param before ids that stand before a text, if asked for
 */
public record TiktokenEncoding(PreTokenPattern pattern, SortedMap<Integer, String> specials, List<Integer> before) {
    private static final int LLAMA3_SPECIALS = 128_000;
    private static final int LLAMA3_SIZE = 128_256;

    /** Copies. */
    public TiktokenEncoding {
        specials = Collections.unmodifiableSortedMap(new TreeMap<>(specials));
        before = List.copyOf(before);
    }

    /** The encodings of OpenAI (tiktoken, {@code tiktoken_ext/openai_public.py}) and Llama 3.1 (its {@code tokenizer.json}) by name. */
    public static TiktokenEncoding named(String name) {
        return switch (name) {
            case "r50k_base", "p50k_base", "gpt2" -> openai(PreTokenPattern.GPT2, 50_256);
            case "cl100k_base" ->
                openai(PreTokenPattern.CL100K, 100_257)
                        .with(100_258, "<|fim_prefix|>")
                        .with(100_259, "<|fim_middle|>")
                        .with(100_260, "<|fim_suffix|>")
                        .with(100_276, "<|endofprompt|>");
            case "o200k_base" -> openai(PreTokenPattern.O200K, 199_999).with(200_018, "<|endofprompt|>");
            case "llama3" -> llama3();
            default ->
                throw new PolyglowException(
                        ErrorKind.USAGE,
                        "There is no encoding \"" + name
                                + "\". Use r50k_base, p50k_base, cl100k_base, o200k_base or llama3.");
        };
    }

    private static TiktokenEncoding openai(PreTokenPattern pattern, int endOfText) {
        return new TiktokenEncoding(pattern, new TreeMap<>(), List.of()).with(endOfText, "<|endoftext|>");
    }

    private TiktokenEncoding with(int id, String special) {
        SortedMap<Integer, String> more = new TreeMap<>(specials);
        more.put(id, special);
        return new TiktokenEncoding(pattern, more, before);
    }

    private static TiktokenEncoding llama3() {
        SortedMap<Integer, String> specials = new TreeMap<>();
        List<String> named = List.of(
                "<|begin_of_text|>",
                "<|end_of_text|>",
                "",
                "",
                "<|finetune_right_pad_id|>",
                "",
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eom_id|>",
                "<|eot_id|>",
                "<|python_tag|>");
        int reserved = 0;
        for (int id = LLAMA3_SPECIALS; id < LLAMA3_SIZE; id++) {
            int index = id - LLAMA3_SPECIALS;
            String name = index < named.size() ? named.get(index) : "";
            specials.put(id, name.isEmpty() ? "<|reserved_special_token_" + reserved++ + "|>" : name);
        }
        return new TiktokenEncoding(PreTokenPattern.CL100K, specials, List.of(LLAMA3_SPECIALS));
    }
}
