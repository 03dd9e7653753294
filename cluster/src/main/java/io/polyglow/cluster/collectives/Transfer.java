package io.polyglow.cluster.collectives;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** What one operation sends to and takes from each peer (index in the group), as two byte streams that start at 0. */
interface Transfer {
    /** All bytes for a peer. */
    long sendTotal(int peer);

    /** How many of them, from {@code offset} on, go into the next frame; at most {@code max}. */
    int sendLength(int peer, long offset, int max);

    /** Copies them out; {@code length} is positive. */
    void copyOut(int peer, long offset, MutableDirectBuffer to, int index, int length);

    /** All bytes from a peer. */
    long receiveTotal(int peer);

    /** How many of them, from {@code offset} on, the next frame must bring. */
    int receiveLength(int peer, long offset, int max);

    /** Whether there is room for the next frame of a peer that has delivered {@code received} bytes. */
    boolean hasRoom(int peer, long received);

    /** Takes one frame's payload, of exactly {@link #receiveLength}, which is positive. */
    void copyIn(int peer, long offset, DirectBuffer from, int index, int length);

    /** Uses what has come so far ({@code received} bytes by peer); returns whether this made progress. */
    boolean advance(long[] received);

    /** Whether all that was received has been used. */
    boolean complete();
}
