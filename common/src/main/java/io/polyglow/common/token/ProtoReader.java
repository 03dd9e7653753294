package io.polyglow.common.token;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Walks the fields of one protobuf message (wire format, protobuf.dev/programming-guides/encoding). Anything cut off or malformed is a DATA error with its byte. */
final class ProtoReader {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final String source;
    private final byte[] message;
    private final int end;
    private int at;
    private int field;
    private int type;

    ProtoReader(String source, byte[] message) {
        this(source, message, 0, message.length);
    }

    private ProtoReader(String source, byte[] message, int start, int end) {
        this.source = source;
        this.message = message;
        this.at = start;
        this.end = end;
    }

    /** Steps to the next field, whose value must then be read or skipped; false at the end. */
    boolean next() {
        if (at == end) {
            return false;
        }
        long tag = varint();
        field = (int) (tag >>> 3);
        type = (int) tag & 7;
        return true;
    }

    int field() {
        return field;
    }

    long number() {
        require(VARINT);
        return varint();
    }

    boolean flag() {
        return number() != 0;
    }

    float single() {
        require(FIXED32);
        int start = advance(Float.BYTES);
        int bits = 0;
        for (int i = Float.BYTES - 1; i >= 0; i--) {
            bits = (bits << 8) | (message[start + i] & 0xFF);
        }
        return Float.intBitsToFloat(bits);
    }

    byte[] bytes() {
        int length = length();
        int start = advance(length);
        return Arrays.copyOfRange(message, start, start + length);
    }

    String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** The nested message that is the value. */
    ProtoReader message() {
        int length = length();
        int start = advance(length);
        return new ProtoReader(source, message, start, start + length);
    }

    void skip() {
        switch (type) {
            case VARINT -> varint();
            case FIXED64 -> advance(Long.BYTES);
            case BYTES -> advance(length());
            case FIXED32 -> advance(Float.BYTES);
            default -> throw damaged("wire type " + type);
        }
    }

    private int length() {
        require(BYTES);
        long length = varint();
        if (length < 0 || length > end - at) {
            throw damaged("a length of " + length);
        }
        return (int) length;
    }

    private void require(int wanted) {
        if (type != wanted) {
            throw damaged("wire type " + type + " in field " + field);
        }
    }

    private int advance(int length) {
        if (length > end - at) {
            throw damaged("an early end");
        }
        at += length;
        return at - length;
    }

    private long varint() {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte b = message[advance(1)];
            value |= (long) (b & 0x7F) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw damaged("a number of more than ten bytes");
    }

    private PolyglowException damaged(String what) {
        return new PolyglowException(
                ErrorKind.DATA,
                source + ": not a SentencePiece model, or a damaged one: " + what + " at byte " + at
                        + ". Get the file again.");
    }
}
