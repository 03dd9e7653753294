package io.polyglow.trainer.eval;

import java.util.Map;

/**
 * Mean loss over held-out target tokens, in nats.
 *
 * @param tokens how many targets
 * @param byLanguage the same for the targets of each language, sorted by code
 */
public record HeldOutLoss(double loss, long tokens, Map<String, Double> byLanguage) {}
