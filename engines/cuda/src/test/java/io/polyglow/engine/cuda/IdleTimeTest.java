package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class IdleTimeTest {
    private long nowNs;
    private final IdleTime time = new IdleTime(() -> nowNs);

    private void at(long ns, Runnable event) {
        nowNs = ns;
        event.run();
    }

    @Test
    void shouldCountFromTheEndOfAWaitToTheNextThingThatIsQueued() {
        at(100, time::queued);
        at(300, time::awaited);
        at(310, time::queued);
        at(400, time::queued);
        at(500, time::awaited);
        at(505, time::queued);

        assertThat(time.ns()).isEqualTo(15);
    }

    @Test
    void shouldGoOnCountingWhenItIsWaitedAgainAndNothingWasQueued() {
        at(300, time::awaited);
        at(350, time::awaited);
        at(400, time::queued);

        assertThat(time.ns()).isEqualTo(100);
    }
}
