package io.polyglow.common.token;

/** How text is cut into pre-tokens; tokens never cross their borders. A known pattern has a scanner of its own, anything else is done step by step. */
public sealed interface PreTokenRule permits PreTokenPattern, PreTokenSteps {
    /** Whether pre-tokens have all of a text and nothing else: no space is put before it, nothing is taken out. */
    boolean isLossless();
}
