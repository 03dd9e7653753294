package io.polyglow.cluster.transport.aeron;

/**
 * Where a rank receives, as all ranks tell each other. Text: {@code host:port}, or {@code host:port/memory/driver}.
 *
 * @param endpoint {@code host:port} of its UDP subscription; an IPv6 host is in brackets
 * @param memory which shared memory its driver's directory lies in, see {@link DriverDirectory#memory}; empty if that is unknown
 * @param driver name of that directory; empty if the memory is unknown
 */
record RankAddress(String endpoint, String memory, String driver) {
    static RankAddress parse(String text) {
        String[] parts = text.split("/", -1);
        return switch (parts.length) {
            case 1 -> new RankAddress(parts[0], "", "");
            case 3 -> new RankAddress(parts[0], parts[1], parts[2]);
            default -> throw new IllegalArgumentException("not the address of a rank: " + text);
        };
    }

    String host() {
        return endpoint.substring(0, endpoint.lastIndexOf(':'));
    }

    boolean sharesHostWith(RankAddress other) {
        return host().equals(other.host());
    }

    /**
     * Whether the two can exchange frames in memory. It takes the same host too: ranks that were told to meet on different addresses
     * of one machine are to use its network.
     */
    boolean sharesMemoryWith(RankAddress other) {
        return sharesHostWith(other) && !memory.isEmpty() && memory.equals(other.memory);
    }

    @Override
    public String toString() {
        return memory.isEmpty() ? endpoint : endpoint + "/" + memory + "/" + driver;
    }
}
