package io.polyglow.common.store;

import java.io.IOException;
import java.util.Set;

/** Opens stores for the URI schemes it knows; found by {@link java.util.ServiceLoader}. */
public interface StoreProvider {
    /** The schemes, without colon, e.g. {@code hdfs}. */
    Set<String> schemes();

    /** Opens the store at {@code location}, e.g. {@code hdfs://host:port/path}, whose scheme is one of {@link #schemes}. */
    Store open(String location) throws IOException;
}
