package io.polyglow.engine.cuda;

import io.polyglow.trainer.parallel.Collectives;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Whether the ranks of a group can hand each other tensors by NCCL: all on one host, a GPU for each, the same library. Every rank shows a card to all others, and all
 * judge the same cards, so all come to the same end.
 */
final class GpuGroup {
    /** Told by the kernel: the same in all containers of a machine, another one after a restart. */
    static final Path HOST_ID = Path.of("/proc/sys/kernel/random/boot_id");

    private static final int CARD_BYTES = 512;
    private static final String SEPARATOR = "\n";

    /**
     * What a rank shows.
     *
     * @param host the same for ranks of one machine
     * @param gpu UUID
     * @param version of NCCL, 0 where it cannot be called
     * @param trouble why it cannot, or empty
     */
    record Card(String host, String gpu, int version, String trouble) {
        byte[] encode() {
            String text = String.join(SEPARATOR, host, gpu, Integer.toString(version), trouble);
            return Arrays.copyOf(text.getBytes(StandardCharsets.UTF_8), CARD_BYTES);
        }

        static Card decode(byte[] bytes) {
            String[] parts =
                    new String(bytes, StandardCharsets.UTF_8).replace("\0", "").split(SEPARATOR, 4);
            return new Card(parts[0], parts[1], Integer.parseInt(parts[2]), parts[3]);
        }
    }

    private GpuGroup() {}

    /** Identity of this machine, or its absence. */
    static String hostId() {
        try {
            return Files.readString(HOST_ID).strip();
        } catch (IOException e) {
            return "";
        }
    }

    /** The card of a rank on this device. */
    static Card card(String host, Device device, Nccl nccl) {
        Optional<String> trouble = nccl.unavailable();
        return trouble.map(why ->
                        new Card(host, device.uuid(), 0, why.lines().findFirst().orElse("")))
                .orElseGet(() -> new Card(host, device.uuid(), nccl.version(), ""));
    }

    /** Everybody's cards, by rank. */
    static List<Card> meet(Collectives group, Card mine) {
        UnsafeBuffer cards = new UnsafeBuffer(new byte[group.size() * CARD_BYTES]);
        int[] offsets = new int[group.size() + 1];
        Arrays.setAll(offsets, rank -> rank * CARD_BYTES);
        cards.putBytes(offsets[group.rank()], mine.encode());
        group.allGather(cards, offsets);
        List<Card> all = new ArrayList<>();
        for (int rank = 0; rank < group.size(); rank++) {
            byte[] card = new byte[CARD_BYTES];
            cards.getBytes(offsets[rank], card);
            all.add(Card.decode(card));
        }
        return all;
    }

    /** Why ranks with these cards cannot; empty when they can. */
    static Optional<String> obstacle(List<Card> cards) {
        Map<String, Integer> owners = new HashMap<>();
        Card first = cards.get(0);
        for (int replica = 0; replica < cards.size(); replica++) {
            Card card = cards.get(replica);
            Integer other = owners.putIfAbsent(card.gpu(), replica);
            String reason = null;
            if (card.host().isEmpty()) {
                reason = "has no " + HOST_ID + ", so hosts cannot be told apart";
            } else if (!card.host().equals(first.host())) {
                reason = "is on another host than replica 0";
            } else if (other != null) {
                reason = "is on the same GPU as replica " + other;
            } else if (!card.trouble().isEmpty()) {
                reason = "says: " + card.trouble();
            } else if (card.version() != first.version()) {
                reason = "has NCCL " + Nccl.text(card.version()) + ", replica 0 NCCL " + Nccl.text(first.version());
            }
            if (reason != null) {
                return Optional.of("replica " + replica + " " + reason);
            }
        }
        return Optional.empty();
    }
}
