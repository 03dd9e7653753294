package io.polyglow.cluster.wire;

/**
 * Where the fields of a frame lie: a header of 64 bytes, then the payload; little-endian; see {@code docs/formats/wire.md}.
 *
 * <pre>
 *    0               1               2               3
 *   +---------------+---------------+---------------+---------------+
 * 0 |                    magic: 'P' 'G' 'L' 'W'                     |
 *   +---------------+---------------+---------------+---------------+
 * 4 |    version    |   operation   |    stream     |  payload type |
 *   +---------------+---------------+---------------+---------------+
 * 8 |                    run (hash of the run's id)                 |
 *   +---------------------------------------------------------------+
 * 12|                    epoch (number of the attempt)              |
 *   +---------------------------------------------------------------+
 * 16|                    source rank                                |
 *   +---------------------------------------------------------------+
 * 20|                    detail (depends on the operation)          |
 *   +---------------------------------------------------------------+
 * 24|                    sequence of the operation on its stream    |
 *   |                                                               |
 *   +---------------------------------------------------------------+
 * 32|                    total bytes, this source to this peer      |
 *   |                                                               |
 *   +---------------------------------------------------------------+
 * 40|                    offset of the payload within the total     |
 *   |                                                               |
 *   +---------------------------------------------------------------+
 * 48|                    payload length                             |
 *   +---------------------------------------------------------------+
 * 52|                    reserved, 0                                |
 *   |                                                               |
 *   +---------------------------------------------------------------+
 * 60|                    CRC32C of bytes [0, 60) and the payload    |
 *   +---------------------------------------------------------------+
 * 64|                    payload ...
 * </pre>
 */
public final class FrameLayout {
    /** "PGLW" read as a little-endian int. */
    public static final int MAGIC = 0x574C4750;

    /** The only version that this build writes and reads. */
    public static final int VERSION = 1;

    /** Bytes before the payload. */
    public static final int HEADER_BYTES = 64;

    static final int MAGIC_AT = 0;
    static final int VERSION_AT = 4;
    static final int OPERATION_AT = 5;
    static final int STREAM_AT = 6;
    static final int TYPE_AT = 7;
    static final int RUN_AT = 8;
    static final int EPOCH_AT = 12;
    static final int SOURCE_AT = 16;
    static final int DETAIL_AT = 20;
    static final int SEQUENCE_AT = 24;
    static final int TOTAL_AT = 32;
    static final int OFFSET_AT = 40;
    static final int LENGTH_AT = 48;
    static final int RESERVED_AT = 52;
    static final int CRC_AT = 60;

    private FrameLayout() {}
}
