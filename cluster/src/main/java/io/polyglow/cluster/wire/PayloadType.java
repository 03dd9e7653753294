package io.polyglow.cluster.wire;

/** How to read a payload. Codes are for ever. */
public enum PayloadType {
    /** Opaque. */
    BYTES(0),
    /** IEEE 754 binary32, little-endian. */
    F32(1);

    private static final PayloadType[] VALUES = values();

    private final int code;

    PayloadType(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static boolean isKnown(int code) {
        return code < VALUES.length;
    }

    static PayloadType of(int code) {
        return VALUES[code];
    }
}
