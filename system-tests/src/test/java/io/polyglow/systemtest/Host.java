package io.polyglow.systemtest;

import java.util.List;

/**
 * Where a process runs.
 *
 * @param name in names of logs
 * @param address under which other hosts reach it
 * @param enter what a command begins with that is to run there
 */
record Host(String name, String address, List<String> enter) {
    /** This machine, for which a cluster on loopback is enough. */
    static final Host LOOPBACK = new Host("here", "127.0.0.1", List.of());
}
