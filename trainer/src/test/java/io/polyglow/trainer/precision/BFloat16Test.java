package io.polyglow.trainer.precision;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class BFloat16Test {
    @Test
    void shouldRoundTiesToEven() {
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3F80_8000))).isEqualTo((short) 0x3F80);
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3F81_8000))).isEqualTo((short) 0x3F82);
        assertThat(BFloat16.fromFloat(Float.intBitsToFloat(0x3F80_8001))).isEqualTo((short) 0x3F81);
        assertThat(BFloat16.fromFloat(Float.MAX_VALUE)).isEqualTo((short) 0x7F80);
        assertThat(BFloat16.toFloat(BFloat16.fromFloat(Float.intBitsToFloat(0x7F80_0001))))
                .isNaN();
    }

    @Test
    void shouldKeepEveryBfloat16() {
        for (int bits = 0; bits < 1 << 16; bits++) {
            float value = BFloat16.toFloat((short) bits);
            if (!Float.isNaN(value)) {
                assertThat(BFloat16.fromFloat(value)).isEqualTo((short) bits);
            }
        }
    }

    @Property
    void shouldPickTheNearest(@ForAll float value) {
        float rounded = BFloat16.toFloat(BFloat16.fromFloat(value));
        if (Float.isFinite(rounded)) {
            assertThat(Math.abs((double) rounded - value))
                    .isLessThanOrEqualTo(Math.scalb(1.0, Math.max(-126, Math.getExponent(value)) - 8));
        }
    }
}
