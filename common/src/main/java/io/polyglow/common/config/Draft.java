package io.polyglow.common.config;

import java.util.List;

/**
 * A config that may still lack some of the texts that every use of it must give, such as where its data are.
 *
 * @param yaml as in {@link Resolved#yaml}; a missing key has no value and the comment {@code required}
 * @param missing those keys
 */
public record Draft(String yaml, List<String> missing) {}
