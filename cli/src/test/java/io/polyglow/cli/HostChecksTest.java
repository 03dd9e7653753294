package io.polyglow.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cli.DoctorCommand.Finding;
import io.polyglow.trainer.kernels.Engine;
import io.polyglow.trainer.kernels.EngineProvider;
import io.polyglow.trainer.kernels.MachineShare;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class HostChecksTest {
    private static final EngineProvider REFERENCE = engine("reference", 0, null);

    @Test
    void shouldTellWhichEngineIsTakenWhenNoneIsNamed() {
        Finding found = HostChecks.fastEngine(List.of(engine("gpu", 20, "no GPU"), engine("cpu", 10, null), REFERENCE));
        assertThat(found).isEqualTo(Finding.good("engine: auto", "cpu"));
    }

    @Test
    void shouldNotCallAMachineFitThatHasNoFastEngine() {
        Finding found = HostChecks.fastEngine(List.of(engine("cpu", 10, "oneDNN cannot be loaded"), REFERENCE));
        assertThat(found.fit()).isFalse();
        assertThat(found.found()).startsWith("reference");
        assertThat(found.advice()).isEqualTo("cpu: oneDNN cannot be loaded");
    }

    private static EngineProvider engine(String name, int priority, @Nullable String unavailable) {
        return new EngineProvider() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public int priority() {
                return priority;
            }

            @Override
            public Optional<String> unavailable() {
                return Optional.ofNullable(unavailable);
            }

            @Override
            public Engine open(MachineShare share) {
                throw new UnsupportedOperationException(name + " is not to be opened");
            }
        };
    }
}
