package io.polyglow.dataprep.pii;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Public IP addresses: IPv4 in four decimal parts, IPv6 as RFC 4291 writes it. Those that IANA's special-purpose registries (RFC 6890) keep for private use, documentation, loopback,
 * multicast and the like are nobody's. Four parts after a word for versions, and four parts of one digit each, are taken for version and section numbers.
 */
final class IpFinder implements PiiFinder {
    private static final int MAX_V6 = 45;
    private static final int V6_GROUPS = 8;
    private static final int CONTEXT = 16;
    private static final String[] VERSION_WORDS = {
        "version", "ver.", "release", "build", "firmware", "section", "rev", "драйвер", "версия", "版本"
    };

    /** {first address, prefix length} of ranges that are not public. */
    private static final long[][] SPECIAL_V4 = {
        {0x00000000L, 8},
        {0x0A000000L, 8},
        {0x64400000L, 10},
        {0x7F000000L, 8},
        {0xA9FE0000L, 16},
        {0xAC100000L, 12},
        {0xC0000000L, 24},
        {0xC0000200L, 24},
        {0xC0586300L, 24},
        {0xC0A80000L, 16},
        {0xC6120000L, 15},
        {0xC6336400L, 24},
        {0xCB007100L, 24},
        {0xE0000000L, 4},
        {0xF0000000L, 4}
    };

    @Override
    public @Nullable PiiSpan at(String text, int at) {
        PiiSpan v4 = Chars.isDigit(text.charAt(at)) ? v4(text, at) : null;
        return v4 != null ? v4 : v6(text, at);
    }

    private static @Nullable PiiSpan v4(String text, int start) {
        long address = 0;
        boolean oneDigitEach = true;
        int i = start;
        for (int part = 0; part < 4; part++) {
            int first = i;
            int value = 0;
            while (i < text.length() && i - first < 3 && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                value = 10 * value + text.charAt(i++) - '0';
            }
            boolean written = i > first && value <= 255 && !(text.charAt(first) == '0' && i - first > 1);
            boolean dotted = part == 3 || (i < text.length() && text.charAt(i) == '.');
            if (!written || !dotted) {
                return null;
            }
            address = (address << 8) | value;
            oneDigitEach &= i - first == 1;
            i += part == 3 ? 0 : 1;
        }
        boolean alone = Chars.beginsAt(text, start) && (Chars.endsAt(text, i) || isPort(text, i));
        boolean found = alone && !oneDigitEach && isPublicV4(address) && !isVersion(text, start);
        return found ? new PiiSpan(start, i, PiiKind.IP_ADDRESS, "v4") : null;
    }

    private static boolean isPort(String text, int i) {
        return text.charAt(i) == ':' || text.charAt(i) == '/';
    }

    private static boolean isPublicV4(long address) {
        for (long[] range : SPECIAL_V4) {
            if ((address ^ range[0]) >>> (32 - range[1]) == 0) {
                return false;
            }
        }
        return true;
    }

    private static boolean isVersion(String text, int start) {
        if (start > 0
                && (text.charAt(start - 1) == '-' || text.charAt(start - 1) == '_' || text.charAt(start - 1) == '§')) {
            return true;
        }
        String before = text.substring(Math.max(0, start - CONTEXT), start).toLowerCase(Locale.ROOT);
        for (String word : VERSION_WORDS) {
            if (before.contains(word)) {
                return true;
            }
        }
        return before.endsWith(" v ") || before.endsWith("v. ");
    }

    private static @Nullable PiiSpan v6(String text, int start) {
        if (start > 0 && (text.charAt(start - 1) == ':' || text.charAt(start - 1) == '.')) {
            return null;
        }
        int end = start;
        int colons = 0;
        while (end < text.length() && end - start <= MAX_V6 && isV6(text.charAt(end))) {
            colons += text.charAt(end) == ':' ? 1 : 0;
            end++;
        }
        if (end - start > MAX_V6 || colons < 2) {
            return null;
        }
        while (text.charAt(end - 1) == ':') {
            if (end - start >= 2 && text.charAt(end - 2) == ':') {
                break;
            }
            end--;
        }
        boolean alone = end == text.length() || !Chars.isAlphanumeric(text.charAt(end));
        return alone && isPublicV6(text.substring(start, end))
                ? new PiiSpan(start, end, PiiKind.IP_ADDRESS, "v6")
                : null;
    }

    private static boolean isV6(char c) {
        return c == ':' || Chars.isIn(c, '0', '9') || Chars.isIn(c, 'a', 'f') || Chars.isIn(c, 'A', 'F');
    }

    /** Global unicast ({@code 2000::/3}) but documentation ({@code 2001:db8::/32}, {@code 3fff::/20}) and IETF protocol assignments ({@code 2001::/23}). */
    private static boolean isPublicV6(String address) {
        int gap = address.indexOf("::");
        if (gap >= 0 && address.indexOf("::", gap + 1) >= 0) {
            return false;
        }
        String[] groups = (gap < 0
                        ? address
                        : address.substring(0, gap)
                                + (gap + 2 < address.length() ? ":" + address.substring(gap + 2) : ""))
                .split(":", -1);
        boolean complete = gap < 0 ? groups.length == V6_GROUPS : groups.length < V6_GROUPS;
        for (String group : groups) {
            complete &= !group.isEmpty() && group.length() <= 4;
        }
        if (!complete) {
            return false;
        }
        int first = Integer.parseInt(groups[0], 16);
        int second = groups.length > 1 && gap != groups[0].length() ? Integer.parseInt(groups[1], 16) : 0;
        boolean assigned = first == 0x2001 && (second == 0xDB8 || second < 0x200);
        boolean documentation = first == 0x3FFF && second < 0x1000;
        return Chars.isIn(first, 0x2000, 0x3FFF) && !assigned && !documentation;
    }
}
