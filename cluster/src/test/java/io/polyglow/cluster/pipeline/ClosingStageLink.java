package io.polyglow.cluster.pipeline;

import io.polyglow.trainer.parallel.StageLink;
import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/** A stage link that takes what lies under it along when it closes. */
public record ClosingStageLink(StageLink inner, Runnable onClose) implements StageLink {
    @Override
    public void send(DirectBuffer buffer, int length) {
        inner.send(buffer, length);
    }

    @Override
    public void receive(MutableDirectBuffer buffer, int length) {
        inner.receive(buffer, length);
    }

    @Override
    public void close() {
        inner.close();
        onClose.run();
    }
}
