package io.polyglow.dataprep.read;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Bytes of another charset as UTF-8. What is malformed becomes a byte that is so in UTF-8 too, so that whoever decodes it counts it. Behind a damaged part nobody knows where a character
 * begins. Not thread-safe.
 */
final class Utf8Stream extends InputStream {
    private static final int BUFFER_BYTES = 1 << 14;
    private static final byte MALFORMED = (byte) 0xFF;

    private final InputStream in;
    private final CharsetDecoder decoder;
    private final ByteBuffer raw = ByteBuffer.allocate(BUFFER_BYTES).limit(0);
    private final CharBuffer chars = CharBuffer.allocate(BUFFER_BYTES);
    private byte[] utf8 = new byte[0];
    private int position;
    private boolean isEnded;

    Utf8Stream(InputStream in, Charset charset) {
        this.in = in;
        this.decoder = charset.newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    @Override
    public int read() throws IOException {
        return has() ? utf8[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0 || !has()) {
            return length == 0 ? 0 : -1;
        }
        int n = Math.min(length, utf8.length - position);
        System.arraycopy(utf8, position, into, from, n);
        position += n;
        return n;
    }

    private boolean has() throws IOException {
        while (position == utf8.length && !isEnded) {
            raw.compact();
            int n = fill();
            isEnded = n < 0;
            raw.position(raw.position() + Math.max(0, n)).flip();
            utf8 = transcode();
            position = 0;
        }
        return position < utf8.length;
    }

    private int fill() throws IOException {
        try {
            return in.read(raw.array(), raw.position(), raw.remaining());
        } catch (DamagedPart e) {
            throw new IOException(e.getMessage() + "; the rest, in " + decoder.charset() + ", is given up", e);
        }
    }

    private byte[] transcode() {
        ByteArrayOutputStream out = new ByteArrayOutputStream(raw.remaining());
        CoderResult result;
        do {
            result = decoder.decode(raw, chars, isEnded);
            out.writeBytes(chars.flip().toString().getBytes(StandardCharsets.UTF_8));
            chars.clear();
            if (result.isError()) {
                raw.position(raw.position() + result.length());
                out.write(MALFORMED);
            }
        } while (!result.isUnderflow());
        return out.toByteArray();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
