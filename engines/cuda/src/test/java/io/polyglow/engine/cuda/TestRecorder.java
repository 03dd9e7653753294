package io.polyglow.engine.cuda;

import io.polyglow.engine.cuda.Device.Recording;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a device without a GPU records: it writes down what is to be queued on its stream. */
final class TestRecorder {
    /** How many recordings have been queued. */
    int queued;

    private final TestStream stream;
    private @Nullable List<Runnable> recording;

    TestRecorder(TestStream stream) {
        this.stream = stream;
    }

    void begin() {
        if (recording != null) {
            throw new AssertionError("a recording has begun already");
        }
        recording = new ArrayList<>();
    }

    /** Queues the work, or writes it down. */
    void take(Runnable work) {
        if (recording == null) {
            stream.queue(work);
        } else {
            recording.add(work);
        }
    }

    void refuse(String what) {
        if (recording != null) {
            throw new AssertionError(what + " while kernels are recorded");
        }
    }

    Recording end() {
        List<Runnable> all = recording;
        if (all == null) {
            throw new AssertionError("no recording has begun");
        }
        recording = null;
        return new Recording() {
            private boolean open = true;

            @Override
            public void queue() {
                if (!open) {
                    throw new AssertionError("queued after it was dropped");
                }
                queued++;
                all.forEach(stream::queue);
            }

            @Override
            public void close() {
                open = false;
            }
        };
    }
}
