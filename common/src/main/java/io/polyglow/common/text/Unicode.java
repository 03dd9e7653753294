package io.polyglow.common.text;

/** The one Unicode version of all tables here, whatever those of the JDK are of. */
public final class Unicode {
    /** Token shards carry it. */
    public static final String VERSION = "16.0.0";

    private Unicode() {}
}
