package io.polyglow.dataprep.spark;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.CodecPool;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.Decompressor;
import org.apache.parquet.hadoop.CodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/**
 * Decompresses pages of Parquet files. parquet-mr's own loop does not end when a page gives less than its header promises: its decompressor of Snappy answers that it has nothing
 * at the moment, for ever. Not thread-safe.
 */
final class ParquetCodecs extends CodecFactory {
    ParquetCodecs(Configuration conf) {
        super(conf, 0);
    }

    /** The {@code size} bytes that are compressed in {@code body[from, )}; an error when there are fewer. */
    byte[] decompress(CompressionCodecName name, byte[] body, int from, int size) throws IOException {
        CompressionCodec codec = getCodec(name);
        if (codec == null) {
            require(size, body.length - from);
            return Arrays.copyOfRange(body, from, from + size);
        }
        Decompressor decompressor = CodecPool.getDecompressor(codec);
        try (InputStream in =
                codec.createInputStream(new ByteArrayInputStream(body, from, body.length - from), decompressor)) {
            byte[] out = new byte[size];
            int filled = 0;
            for (int read = 1; read > 0 && filled < size; filled += Math.max(0, read)) {
                read = in.read(out, filled, size - filled);
            }
            require(size, filled);
            return out;
        } finally {
            CodecPool.returnDecompressor(decompressor);
        }
    }

    private static void require(int size, int found) throws IOException {
        if (found < size) {
            throw new IOException("a page holds " + found + " bytes of the " + size + " that its header promises");
        }
    }
}
