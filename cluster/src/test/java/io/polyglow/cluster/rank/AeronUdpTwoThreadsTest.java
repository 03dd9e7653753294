package io.polyglow.cluster.rank;

class AeronUdpTwoThreadsTest extends AeronTwoThreadsTest {
    @Override
    Medium medium() {
        return Medium.UDP;
    }
}
