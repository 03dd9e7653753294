package io.polyglow.dataprep.spark;

import com.sun.management.GarbageCollectionNotificationInfo;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.management.ListenerNotFoundException;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.NotificationListener;
import javax.management.openmbean.CompositeData;

/** Watches how much of this process's heap is left after each garbage collection: what is in use, or a little more. */
final class LiveHeap implements AutoCloseable, NotificationListener {
    private final List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
    private final AtomicLong mostBytes = new AtomicLong();

    LiveHeap() {
        collectors.forEach(collector -> ((NotificationEmitter) collector).addNotificationListener(this, null, null));
    }

    /** The most that was left so far. */
    long mostBytes() {
        return mostBytes.get();
    }

    @Override
    public void handleNotification(Notification notification, Object unused) {
        if (notification.getType().equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
            long left = GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData())
                    .getGcInfo()
                    .getMemoryUsageAfterGc()
                    .entrySet()
                    .stream()
                    .filter(pool -> isHeap(pool.getKey()))
                    .mapToLong(pool -> pool.getValue().getUsed())
                    .sum();
            mostBytes.accumulateAndGet(left, Math::max);
        }
    }

    private static boolean isHeap(String pool) {
        return ManagementFactory.getMemoryPoolMXBeans().stream()
                .anyMatch(
                        each -> each.getName().equals(pool) && each.getType() == java.lang.management.MemoryType.HEAP);
    }

    @Override
    public void close() {
        for (GarbageCollectorMXBean collector : collectors) {
            try {
                ((NotificationEmitter) collector).removeNotificationListener(this);
            } catch (ListenerNotFoundException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
