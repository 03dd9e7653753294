package io.polyglow.systemtest;

import java.util.List;
import java.util.Map;

/** What gives Spark its executors, as processes of this machine. */
interface ClusterManager extends AutoCloseable {
    /** As {@code --master} takes it. */
    String master();

    /** What comes first on the class path of commands that use it: folders of settings, or nothing. */
    List<String> settings();

    /** What commands that use it have in their environment. */
    Map<String, String> environment();

    List<JavaProcess> daemons();

    /** The executors that run now. */
    List<ProcessHandle> executors();

    @Override
    default void close() {
        daemons().forEach(JavaProcess::close);
    }
}
