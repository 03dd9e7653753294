package io.polyglow.cluster.rank;

/** What carries frames between the ranks of a test, all of which run on this host. */
enum Medium {
    MEMORY,
    UDP;

    /** How the others are told a rank's address: where its memory is goes untold, if they are to send datagrams. */
    String address(String localAddress) {
        return this == MEMORY ? localAddress : localAddress.substring(0, localAddress.indexOf('/'));
    }
}
