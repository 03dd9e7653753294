package io.polyglow.systemtest;

import java.util.List;
import java.util.Map;

/**
 * How servers and clients of Hadoop prove to each other who they are.
 *
 * @param settings of every server and client
 * @param jvmOptions of every server and client
 * @param user the environment of a client that acts as the user
 */
record Security(Map<String, String> settings, List<String> jvmOptions, Map<String, String> user) {
    /** They take each other's word. */
    static final Security NONE = new Security(Map.of(), List.of(), Map.of());
}
