package io.polyglow.trainer.model;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** Bytes by purpose, known before anything is allocated: to refuse what does not fit, and to show. */
public final class MemoryPlan {
    private final Map<String, Long> bytes = new LinkedHashMap<>();

    /** Adds bytes to a purpose. */
    public MemoryPlan add(String purpose, long more) {
        bytes.merge(purpose, more, Math::addExact);
        return this;
    }

    /** Adds all of another plan. */
    public MemoryPlan add(MemoryPlan other) {
        other.bytes.forEach(this::add);
        return this;
    }

    /** Bytes of one purpose. */
    public long bytes(String purpose) {
        return bytes.getOrDefault(purpose, 0L);
    }

    /** All bytes. */
    public long total() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Bytes by purpose, in the order added. */
    public Map<String, Long> byPurpose() {
        return Collections.unmodifiableMap(bytes);
    }

    /** One line, e.g. {@code weights 475 MiB + activations 120 MiB = 595 MiB}. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder();
        bytes.forEach((purpose, count) -> line.append(line.isEmpty() ? "" : " + ")
                .append(purpose)
                .append(' ')
                .append(mebibytes(count)));
        return line.append(" = ").append(mebibytes(total())).toString();
    }

    private static String mebibytes(long count) {
        return ((count + (1 << 20) - 1) >> 20) + " MiB";
    }
}
