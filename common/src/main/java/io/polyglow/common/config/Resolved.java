package io.polyglow.common.config;

/**
 * A complete config.
 *
 * @param value the record
 * @param yaml every key with its value, defaults included, in the order of the records and with maps sorted: equal configs have equal text; loading it gives
 *     an equal config
 * @param sha256 lower-case hex over the UTF-8 bytes of {@code yaml}
 */
public record Resolved<T>(T value, String yaml, String sha256) {}
