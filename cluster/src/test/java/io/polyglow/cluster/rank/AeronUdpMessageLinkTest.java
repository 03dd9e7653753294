package io.polyglow.cluster.rank;

class AeronUdpMessageLinkTest extends AeronMessageLinkTest {
    @Override
    Medium medium() {
        return Medium.UDP;
    }
}
