package io.polyglow.dataprep.doc;

import static org.assertj.core.api.Assertions.assertThat;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class DigestTest {
    @Test
    void shouldNameDocumentsTheSameForEver() {
        // printf 'a/b.txt\0007' | sha256sum
        assertThat(Digest.documentId("a/b.txt", 7)).isEqualTo("199f60ec6ca358061cb399057ddf4d4b");
        assertThat(Digest.documentId("a/b.txt", 8)).isNotEqualTo(Digest.documentId("a/b.txt", 7));
    }

    @Test
    void shouldDrawUniformlyAndIndependentlyOfPurposeAndSeed() {
        double sum = 0;
        int together = 0;
        for (int i = 0; i < 10_000; i++) {
            String id = Digest.documentId("f", i);
            double split = Digest.fraction(1, "split", id);
            sum += split;
            together += split < 0.5 == Digest.fraction(2, "split", id) < 0.5 ? 1 : 0;
        }
        assertThat(sum / 10_000).isCloseTo(0.5, Offset.offset(0.01));
        assertThat(together).isBetween(4_800, 5_200);
    }
}
