package io.polyglow.cluster.transport.aeron;

import io.aeron.driver.DataPacketDispatcher;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ReceiveChannelEndpointSupplier;
import io.aeron.driver.ext.DebugReceiveChannelEndpoint;
import io.aeron.driver.ext.LossGenerator;
import io.aeron.driver.media.ReceiveChannelEndpoint;
import io.aeron.driver.media.UdpChannel;
import io.aeron.protocol.DataHeaderFlyweight;
import java.net.InetSocketAddress;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Makes the receivers of drivers that start while it is installed lose datagrams, or flip a bit in them, with a seed. Installed through Aeron's own
 * system property, so nothing in the transport knows of it.
 */
public final class LossyReceiver implements ReceiveChannelEndpointSupplier {
    private static final String PROPERTY = "aeron.ReceiveChannelEndpoint.supplier";

    private static volatile double lossRate;
    private static volatile double bitFlipRate;

    /** Runs a body while drivers start with faulty receivers. */
    public static <T> T during(double newLossRate, double newBitFlipRate, Supplier<T> body) {
        lossRate = newLossRate;
        bitFlipRate = newBitFlipRate;
        System.setProperty(PROPERTY, LossyReceiver.class.getName());
        try {
            return body.get();
        } finally {
            System.clearProperty(PROPERTY);
        }
    }

    @Override
    public ReceiveChannelEndpoint newInstance(
            UdpChannel channel, DataPacketDispatcher dispatcher, AtomicCounter status, MediaDriver.Context context) {
        return new DebugReceiveChannelEndpoint(
                channel, dispatcher, status, context, new Faults(lossRate, bitFlipRate), new Faults(lossRate, 0));
    }

    private static final class Faults implements LossGenerator {
        private final SplittableRandom random = new SplittableRandom(11);
        private final double loss;
        private final double bitFlips;

        Faults(double loss, double bitFlips) {
            this.loss = loss;
            this.bitFlips = bitFlips;
        }

        @Override
        public boolean shouldDropFrame(InetSocketAddress address, UnsafeBuffer buffer, int length) {
            int payload = length - DataHeaderFlyweight.HEADER_LENGTH;
            if (payload > 0 && random.nextDouble() < bitFlips) {
                int at = DataHeaderFlyweight.HEADER_LENGTH + random.nextInt(payload);
                buffer.putByte(at, (byte) (buffer.getByte(at) ^ (1 << random.nextInt(8))));
            }
            return random.nextDouble() < loss;
        }
    }
}
