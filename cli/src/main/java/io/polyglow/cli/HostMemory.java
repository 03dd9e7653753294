package io.polyglow.cli;

import com.sun.management.OperatingSystemMXBean;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.lang.management.ManagementFactory;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory of this machine (or container), and sizes as people write them. */
final class HostMemory {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12})([kmgt]?)b?");

    private HostMemory() {}

    static long physicalBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    /** {@code 16g}, {@code 900m}, {@code 1048576}: powers of 1024. */
    static long parse(String text) {
        Matcher size = SIZE.matcher(text.toLowerCase(Locale.ROOT));
        if (!size.matches()) {
            throw new PolyglowException(
                    ErrorKind.USAGE,
                    "\"" + text + "\" is no size; write bytes, or a number with k, m, g or t, e.g. 16g");
        }
        int power = "kmgt".indexOf(size.group(2)) + (size.group(2).isEmpty() ? 0 : 1);
        long number = Long.parseLong(size.group(1));
        if (number > Long.MAX_VALUE >> (10 * power)) {
            throw new PolyglowException(ErrorKind.USAGE, "\"" + text + "\" is more bytes than can be counted");
        }
        return number << (10 * power);
    }
}
