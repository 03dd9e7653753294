package io.polyglow.dataprep.language;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.common.config.ConfigFile;
import java.util.List;
import org.junit.jupiter.api.Test;

class LanguageConfigTest {
    @Test
    void shouldHaveTheDocumentedDefaults() {
        assertThat(read("min-score: 0.1")).isEqualTo(LanguageConfig.DEFAULTS);
    }

    @Test
    void shouldReadEveryKey() {
        assertThat(
                        read(
                                "models: [lid.176.ftz, opennlp]\ntrust-stated: false\ntrust-page: true\nmin-score: 0.5\nopinion-floor: 0.2\n"))
                .isEqualTo(new LanguageConfig(List.of("lid.176.ftz", "opennlp"), false, true, 0.5, 0.2));
    }

    private static LanguageConfig read(String yaml) {
        return ConfigFile.load(LanguageConfig.class, "x.yaml", yaml, List.of()).value();
    }
}
