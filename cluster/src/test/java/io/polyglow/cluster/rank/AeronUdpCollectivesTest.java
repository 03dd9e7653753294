package io.polyglow.cluster.rank;

class AeronUdpCollectivesTest extends AeronCollectivesTest {
    @Override
    Medium medium() {
        return Medium.UDP;
    }
}
