package io.polyglow.dataprep.read;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;

/** Compression of an input file, shown by its suffix. */
public enum Compression {
    NONE("") {
        @Override
        public InputStream open(InputStream in) {
            return in;
        }
    },
    GZIP(".gz") {
        @Override
        public InputStream open(InputStream in) {
            return new GzipStream(in);
        }
    },
    ZSTD(".zst") {
        @Override
        public InputStream open(InputStream in) throws IOException {
            return new ZstdInputStream(in).setContinuous(false);
        }
    },
    BZIP2(".bz2") {
        @Override
        public InputStream open(InputStream in) throws IOException {
            return new BZip2CompressorInputStream(new java.io.BufferedInputStream(in, BUFFER_BYTES), true);
        }
    };

    private static final int BUFFER_BYTES = 1 << 16;

    private final String suffix;

    Compression(String suffix) {
        this.suffix = suffix;
    }

    /** The compression that the file name shows. */
    public static Compression ofName(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        for (Compression compression : new Compression[] {GZIP, ZSTD, BZIP2}) {
            if (lower.endsWith(compression.suffix)) {
                return compression;
            }
        }
        return NONE;
    }

    /** The name without the suffix of this compression. */
    public String strip(String name) {
        return name.substring(0, name.length() - suffix.length());
    }

    /** A stream of the decompressed bytes; a truncated file ends in an {@link IOException}. */
    public abstract InputStream open(InputStream in) throws IOException;
}
