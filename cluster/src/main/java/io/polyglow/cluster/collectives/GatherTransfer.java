package io.polyglow.cluster.collectives;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** Everybody sends its byte range of one buffer to everybody. */
final class GatherTransfer implements Transfer {
    private final int self;
    private MutableDirectBuffer buffer = new UnsafeBuffer(new byte[0]);
    private int[] byteOffsets = new int[0];

    GatherTransfer(int self) {
        this.self = self;
    }

    GatherTransfer of(MutableDirectBuffer newBuffer, int[] newByteOffsets) {
        buffer = newBuffer;
        byteOffsets = newByteOffsets;
        return this;
    }

    @Override
    public long sendTotal(int peer) {
        return receiveTotal(self);
    }

    @Override
    public int sendLength(int peer, long offset, int max) {
        return (int) Math.min(max, sendTotal(peer) - offset);
    }

    @Override
    public void copyOut(int peer, long offset, MutableDirectBuffer to, int index, int length) {
        to.putBytes(index, buffer, byteOffsets[self] + (int) offset, length);
    }

    @Override
    public long receiveTotal(int peer) {
        return (long) byteOffsets[peer + 1] - byteOffsets[peer];
    }

    @Override
    public int receiveLength(int peer, long offset, int max) {
        return (int) Math.min(max, receiveTotal(peer) - offset);
    }

    @Override
    public boolean hasRoom(int peer, long received) {
        return true;
    }

    @Override
    public void copyIn(int peer, long offset, DirectBuffer from, int index, int length) {
        buffer.putBytes(byteOffsets[peer] + (int) offset, from, index, length);
    }

    @Override
    public boolean advance(long[] received) {
        return false;
    }

    @Override
    public boolean complete() {
        return true;
    }
}
