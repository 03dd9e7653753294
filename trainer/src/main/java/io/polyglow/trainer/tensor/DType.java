package io.polyglow.trainer.tensor;

/** Element types. Names are those of safetensors. */
public enum DType {
    /** IEEE 754 binary64; only the reference engine, for finite differences. */
    F64(8),
    /** IEEE 754 binary32. */
    F32(4),
    /** bfloat16: the upper half of a binary32, rounded to nearest even. */
    BF16(2),
    /** 32-bit integer; token ids. */
    I32(4);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
