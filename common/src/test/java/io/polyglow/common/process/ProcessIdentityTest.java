package io.polyglow.common.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;

class ProcessIdentityTest {
    private final ProcessIdentity self = ProcessIdentity.current();

    @Test
    void shouldSeeThatThisProcessLives() throws IOException {
        assertThat(self.isKnownDead()).isFalse();
        assertThat(self).isEqualTo(ProcessIdentity.current());
        assertThat(self.space()).startsWith(ProcessIdentity.bootId() + "-").endsWith(ProcessIdentity.pidNamespace());
        assertThat(self.start()).matches("[0-9]+");
    }

    @Test
    void shouldSeeThatAProcessHasEnded() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        assertThat(new ProcessIdentity(self.space(), dead.pid(), self.start()).isKnownDead())
                .isTrue();
    }

    @Test
    void shouldSeeThatAProcessHasEndedWhenItsIdBelongsToAnother() {
        assertThat(new ProcessIdentity(self.space(), self.pid(), self.start() + "0").isKnownDead())
                .isTrue();
    }

    @Test
    void shouldNotJudgeWhatItCannotSee() throws Exception {
        Process dead = new ProcessBuilder("true").start();
        dead.waitFor();
        for (String space : new String[] {"", "0-" + ProcessIdentity.pidNamespace(), ProcessIdentity.bootId() + "-1"}) {
            assertThat(new ProcessIdentity(space, dead.pid(), self.start()).isKnownDead())
                    .as(space)
                    .isFalse();
        }
        assertThat(new ProcessIdentity(self.space(), dead.pid(), "").isKnownDead())
                .isFalse();
    }
}
