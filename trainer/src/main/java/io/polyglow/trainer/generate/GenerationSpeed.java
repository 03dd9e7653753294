package io.polyglow.trainer.generate;

/**
 * How fast a generator has been: prompts are fed many tokens at once (prefill), what follows one token of each sequence at a time (decode).
 *
 * @param prefillTokens tokens fed many at once, of all sequences
 * @param prefillNs the time that took, in nanoseconds
 * @param decodeTokens tokens picked
 * @param decodeNs the time of the passes of one token a sequence, choosing included
 */
public record GenerationSpeed(long prefillTokens, long prefillNs, long decodeTokens, long decodeNs) {
    static final GenerationSpeed NONE = new GenerationSpeed(0, 0, 0, 0);

    GenerationSpeed plusPrefill(long tokens, long ns) {
        return new GenerationSpeed(prefillTokens + tokens, prefillNs + ns, decodeTokens, decodeNs);
    }

    GenerationSpeed plusDecode(long tokens, long ns) {
        return new GenerationSpeed(prefillTokens, prefillNs, decodeTokens + tokens, decodeNs + ns);
    }

    /** Tokens per second; 0 when nothing was fed. */
    public double prefillTokensPerSecond() {
        return prefillNs == 0 ? 0 : prefillTokens / (prefillNs / 1e9);
    }

    /** Tokens per second; 0 when every sequence ended with its first token. */
    public double decodeTokensPerSecond() {
        return decodeNs == 0 ? 0 : decodeTokens / (decodeNs / 1e9);
    }
}
