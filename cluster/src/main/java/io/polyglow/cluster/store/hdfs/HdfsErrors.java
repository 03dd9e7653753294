package io.polyglow.cluster.store.hdfs;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.apache.hadoop.hdfs.protocol.QuotaExceededException;
import org.apache.hadoop.hdfs.server.namenode.SafeModeException;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.AccessControlException;

/** Hadoop's exceptions as those of the {@link io.polyglow.common.store.Store} contract, or as messages that say what to do. */
final class HdfsErrors {
    private static final String NO_TICKET =
            "this HDFS asks who you are (Kerberos), and the process has neither a ticket nor a token: run kinit, or set"
                    + " KRB5PRINCIPAL and KRB5KEYTAB; for executors see docs/playbooks/cluster.md";

    private HdfsErrors() {}

    static IOException translate(IOException e, Object path) {
        IOException cause = e instanceof RemoteException remote ? remote.unwrapRemoteException() : e;
        if (cause instanceof FileNotFoundException) {
            return as(new NoSuchFileException(path.toString(), null, firstLine(cause)), cause);
        }
        if (cause instanceof org.apache.hadoop.fs.FileAlreadyExistsException) {
            return as(new FileAlreadyExistsException(path.toString()), cause);
        }
        if (cause instanceof AccessControlException) {
            String what = firstLine(cause) + "; ask for the permission or choose another directory";
            return as(new AccessDeniedException(path.toString(), null, what), cause);
        }
        if (String.valueOf(cause.getMessage()).contains("Client cannot authenticate via")) {
            return new IOException(path + ": " + NO_TICKET, cause);
        }
        String remedy = remedy(cause);
        return remedy.isEmpty() ? cause : new IOException(path + ": " + remedy + ": " + firstLine(cause), cause);
    }

    private static String remedy(IOException cause) {
        if (cause instanceof QuotaExceededException) {
            return "the quota of the directory is used up; raise it or delete old checkpoints";
        }
        if (cause instanceof SafeModeException) {
            return "the NameNode stays in safe mode and takes no writes; see 'hdfs dfsadmin -safemode get'";
        }
        if (cause instanceof ConnectException) {
            return "no NameNode answers at this address; check host, port and that it runs";
        }
        return "";
    }

    private static String firstLine(IOException e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static IOException as(IOException translated, IOException cause) {
        translated.initCause(cause);
        return translated;
    }
}
