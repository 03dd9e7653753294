package io.polyglow.dataprep.pii;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import io.polyglow.dataprep.pii.PiiConfig.Action;
import io.polyglow.dataprep.pii.PiiConfig.Placeholder;
import java.util.List;
import org.junit.jupiter.api.Test;

class PiiConfigTest {
    @Test
    void shouldHaveTheDocumentedDefaults() {
        assertThat(read("phone: tag")).isEqualTo(PiiConfig.DEFAULTS);
    }

    @Test
    void shouldReadEveryKey() {
        String yaml =
                "email: off\nip-address: tag\nphone: drop\niban: drop\ncard: tag\nnational-id: off\nplaceholder: example\n";

        assertThat(read(yaml))
                .isEqualTo(new PiiConfig(
                        Action.OFF, Action.TAG, Action.DROP, Action.DROP, Action.TAG, Action.OFF, Placeholder.EXAMPLE));
    }

    private static PiiConfig read(String yaml) {
        return ConfigFile.load(PiiConfig.class, "x.yaml", yaml, List.of()).value();
    }
}
