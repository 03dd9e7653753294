package io.polyglow.trainer.kernels;

import io.polyglow.trainer.tensor.Tensor;

/**
 * Moves tensors between the memories of the engines of a group of ranks, past the host. It only moves: sums are calls of {@link Kernels}, in an order that does
 * not depend on the number of ranks.
 *
 * <p>Promises, checked by {@code TensorExchangeContractTest}: bytes arrive as they were when the kernel calls made before {@link #exchange} were done; {@link #await}
 * ends when all is done, when a deadline passes, when a peer is lost as far as the library notices, or when the thread is interrupted, the last three with a {@link io.polyglow.common.error.PolyglowException}
 * that names operation and group. After an error every further call fails. Used by the engine's thread.
 */
public interface TensorExchange extends AutoCloseable {
    /**
     * Queues, among the engine's kernel calls: {@code outgoing[r]} go to rank r of the group, {@code incoming[r]} are overwritten with what r sends here. What one side sends the other
     * must receive in the same call, as many tensors of the same sizes in the same order. All ranks of the group call it; nobody sends to itself.
     */
    void exchange(Tensor[][] outgoing, Tensor[][] incoming);

    /** Returns when everything queued on the engine before is done. */
    void await();

    /** Leaves the group; all ranks call it. Closing the engine does the same. */
    @Override
    void close();
}
