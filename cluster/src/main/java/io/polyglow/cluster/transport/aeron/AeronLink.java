package io.polyglow.cluster.transport.aeron;

import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.Header;
import io.aeron.protocol.DataHeaderFlyweight;
import io.polyglow.cluster.transport.FrameHandler;
import io.polyglow.cluster.transport.FrameWriter;
import io.polyglow.cluster.transport.LinkState;
import org.agrona.DirectBuffer;
import org.jspecify.annotations.Nullable;

/**
 * One stream to and from one peer: a publication, and the peer's image once it has appeared. One thread at a time. Of what links share, the
 * subscription, a link only reads the list of images, which Aeron replaces as a whole.
 */
final class AeronLink implements FragmentHandler {
    static final int HEADER_BYTES = DataHeaderFlyweight.HEADER_LENGTH;

    private final Subscription subscription;
    private final int peerSessionId;
    private final ExclusivePublication publication;
    private final BufferClaim claim = new BufferClaim();

    private @Nullable Image image;
    private LinkState state = LinkState.CONNECTING;
    private @Nullable FrameHandler handler;
    private @Nullable RuntimeException handlerFailure;

    AeronLink(Subscription subscription, int peerSessionId, ExclusivePublication publication) {
        this.subscription = subscription;
        this.peerSessionId = peerSessionId;
        this.publication = publication;
    }

    boolean offer(int length, FrameWriter writer) {
        long result = publication.tryClaim(length, claim);
        if (result > 0) {
            write(writer);
            return true;
        }
        if (result == Publication.CLOSED || result == Publication.MAX_POSITION_EXCEEDED) {
            state = LinkState.LOST;
        }
        return false; // back-pressured, not connected (see state()), or an administrative action in progress
    }

    private void write(FrameWriter writer) {
        boolean written = false;
        try {
            writer.write(claim.buffer(), claim.offset());
            written = true;
        } finally {
            if (written) {
                claim.commit();
            } else {
                claim.abort();
            }
        }
    }

    boolean poll(FrameHandler to) {
        Image from = image();
        if (from == null) {
            return false;
        }
        handler = to;
        boolean polled = from.poll(this, 1) > 0;
        if (handlerFailure != null) {
            RuntimeException failure = handlerFailure;
            handlerFailure = null;
            throw failure;
        }
        return polled;
    }

    /** Aeron would hand an exception to its error handler and go on; keep it for the caller of {@link #poll}. */
    @Override
    public void onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        try {
            if (handler != null) {
                handler.onFrame(buffer, offset, length);
            }
        } catch (RuntimeException e) {
            handlerFailure = e;
        }
    }

    private @Nullable Image image() {
        if (image == null) {
            image = subscription.imageBySessionId(peerSessionId);
        }
        return image;
    }

    LinkState state() {
        Image from = image();
        if (state == LinkState.CONNECTING && from != null && publication.isConnected()) {
            state = LinkState.UP;
        }
        // An image that has closed never comes back as the same stream: a new one would start with a gap.
        if ((from != null && from.isClosed()) || (state == LinkState.UP && !publication.isConnected())) {
            state = LinkState.LOST;
        }
        return state;
    }
}
