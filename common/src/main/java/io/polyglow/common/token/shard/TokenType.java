package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;

/** How a token id is stored, little-endian; codes are those of Megatron's index. */
public enum TokenType {
    /** Two bytes, for vocabularies below 65,500. */
    UINT16("uint16", 8, 2),
    /** Four bytes. */
    INT32("int32", 4, 4);

    private static final int UINT16_VOCABULARY = 65_500;

    private final String dtype;
    private final int code;
    private final int bytes;

    TokenType(String dtype, int code, int bytes) {
        this.dtype = dtype;
        this.code = code;
        this.bytes = bytes;
    }

    /** What Megatron picks for a vocabulary of this size. */
    public static TokenType forVocabulary(int vocabSize) {
        return vocabSize < UINT16_VOCABULARY ? UINT16 : INT32;
    }

    static TokenType named(String dtype) {
        for (TokenType type : values()) {
            if (type.dtype.equals(dtype)) {
                return type;
            }
        }
        throw new PolyglowException(
                ErrorKind.DATA, "dtype \"" + dtype + "\" of token ids is not supported; only uint16 and int32 are.");
    }

    /** Width of one id. */
    public int bytes() {
        return bytes;
    }

    int maxId() {
        return this == UINT16 ? 0xFFFF : Integer.MAX_VALUE;
    }

    int code() {
        return code;
    }

    @Override
    public String toString() {
        return dtype;
    }
}
