package io.polyglow.dataprep.dedup;

import com.ibm.icu.util.VersionInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Makes the {@link Sketch} of one text after the other. Not safe for several threads. */
public final class Sketcher {
    private final MinHash minHash;
    private final SimplifiedText simplified = new SimplifiedText();

    /** A sketcher whose signatures have these bands. */
    public Sketcher(MinHash minHash) {
        this.minHash = minHash;
    }

    /** What a sketch depends on besides the text and the bands: a part of the key of whatever is made from sketches. */
    public static String version() {
        return "sketch 1, ICU " + VersionInfo.ICU_VERSION.getMajor() + "." + VersionInfo.ICU_VERSION.getMinor();
    }

    /** The sketch of a text. */
    public Sketch sketch(String text) {
        long[] shingles = Shingles.of(simplified.read(text));
        byte[] bytes = Shingles.toBytes(shingles);
        byte[] signature = shingles.length == 0 ? new byte[0] : minHash.signature(shingles);
        return new Sketch(shingles.length, fingerprint(bytes), signature, bytes);
    }

    private static byte[] fingerprint(byte[] shingles) {
        return ByteBuffer.allocate(2 * Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(XxHash64.hash(shingles, 0, shingles.length, 0))
                .putLong(XxHash64.hash(shingles, 0, shingles.length, 1))
                .array();
    }
}
