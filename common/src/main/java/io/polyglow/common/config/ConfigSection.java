package io.polyglow.common.config;

/** Implemented by config records whose keys depend on one another. */
public interface ConfigSection {
    /**
     * Adds a problem for each broken rule between keys; called once all keys of the record are present, of the right type and in range.
     *
     * @param problems takes keys relative to this record, e.g. {@code problems.add("layout.pipeline", "8 stages need ...")}
     */
    void validate(Problems problems);
}
