package io.polyglow.trainer.parallel;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The wire between this rank and one other stage's rank of the same replica: to the neighbour stages, activations travel forward
 * and their gradients backward; between the stages that share a parameter, its gradient and its new value. Messages arrive in
 * order, exactly as sent. While {@link #send} waits for room it keeps taking in what the peer sends, into memory set aside at
 * construction for {@code maxInFlight} messages, so two stages that send to each other at once never deadlock. Errors and deadlines as in {@link Collectives}.
 */
public interface StageLink extends AutoCloseable {
    /** Sends {@code length} bytes; returns when the buffer may be reused. */
    void send(DirectBuffer buffer, int length);

    /** Receives the next message, which must have exactly {@code length} bytes. */
    void receive(MutableDirectBuffer buffer, int length);

    @Override
    void close();
}
