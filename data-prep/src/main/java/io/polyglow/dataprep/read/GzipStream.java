package io.polyglow.dataprep.read;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The members of a gzip file as one stream, as gzip(1) reads them. After a {@link DamagedPart} it goes on with the next member, so many times. Not thread-safe. */
final class GzipStream extends InputStream {
    /** How many damaged parts are passed over: behind each there may be many false members to try. */
    static final int MAX_DAMAGED = 16;

    private static final int KEEP_BYTES = 1 << 16;

    private final GzipMembers members;
    private boolean isInMember;
    private boolean isBegun;
    private int damaged;

    GzipStream(InputStream in) {
        this.members = new GzipMembers(in, KEEP_BYTES);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int from, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        try {
            while (isInMember || nextMember()) {
                int n = members.read(into, from, length);
                if (n > 0) {
                    return n;
                }
                isInMember = false;
            }
            return -1;
        } catch (IOException e) {
            throw passOver(e);
        }
    }

    private boolean nextMember() throws IOException {
        isInMember = members.next();
        if (!isInMember && !isBegun) {
            throw new EOFException("no gzip member, the file is empty");
        }
        isBegun = true;
        return isInMember;
    }

    private IOException passOver(IOException damage) throws IOException {
        isInMember = false;
        isBegun = true;
        damaged++;
        if (damaged > MAX_DAMAGED) {
            return new IOException(damage.getMessage() + "; as there were " + MAX_DAMAGED
                    + " damaged parts before, the rest of the file is given up");
        }
        members.recover();
        return new DamagedPart(damage);
    }

    @Override
    public void close() throws IOException {
        members.close();
    }
}
