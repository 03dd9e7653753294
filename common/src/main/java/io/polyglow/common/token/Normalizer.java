package io.polyglow.common.token;

/** Rewrites a text before it is cut into pre-tokens, as the file of a SentencePiece model says. Bytes that are not UTF-8 pass through. Safe for many threads. */
@FunctionalInterface
interface Normalizer {
    /** The rewritten text; the argument is left as it is, and may be the answer. */
    byte[] normalize(byte[] utf8);
}
