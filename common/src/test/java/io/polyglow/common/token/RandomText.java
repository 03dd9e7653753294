package io.polyglow.common.token;

import java.util.Random;

/** Text that tempts pre-tokenizers. */
final class RandomText {
    private RandomText() {}

    /** Nine in ten characters are of {@code spice}, the others any code points below {@code bound} but surrogates. */
    static String of(Random random, int length, String spice, int bound) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            boolean common = random.nextInt(10) < 9;
            int codePoint = common ? spice.charAt(random.nextInt(spice.length())) : random.nextInt(bound);
            boolean surrogate = codePoint >= 0xD800 && codePoint <= 0xDFFF;
            text.appendCodePoint(surrogate ? 'x' : codePoint);
        }
        return text.toString();
    }
}
