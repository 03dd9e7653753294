package io.polyglow.dataprep.pii;

/**
 * Personal data at {@code [start, end)} in UTF-16 units of a document's text.
 *
 * @param detail which one of its kind: {@code us-ssn}, a country, {@code v4}; empty when there is only one
 */
public record PiiSpan(int start, int end, PiiKind kind, String detail) {}
