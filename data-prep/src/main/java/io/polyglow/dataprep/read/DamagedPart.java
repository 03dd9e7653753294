package io.polyglow.dataprep.read;

import java.io.IOException;

/** A part of a file that cannot be read. The stream that throws it can be read on: what comes next stands somewhere behind the damage, perhaps in the middle of a line. */
final class DamagedPart extends IOException {
    private static final long serialVersionUID = 1;

    DamagedPart(IOException cause) {
        super(cause.getMessage(), cause);
    }
}
