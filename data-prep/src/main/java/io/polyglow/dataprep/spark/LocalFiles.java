package io.polyglow.dataprep.spark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;

/**
 * Hadoop's local files, with permissions set by Java. Without its native library Hadoop starts a process, {@code chmod}, for each file and each directory that it
 * makes, some sixty in a run of prepare on a small corpus.
 */
public final class LocalFiles extends LocalFileSystem {
    /** Key of a Hadoop configuration whose value, the name of this class, puts it in place. */
    public static final String KEY = "fs.file.impl";

    /** For Hadoop, which makes it by reflection. */
    public LocalFiles() {
        super(new Raw());
    }

    private static final class Raw extends RawLocalFileSystem {
        @Override
        public void setPermission(Path path, FsPermission permission) throws IOException {
            if (permission.getStickyBit()) { // which Java cannot set
                super.setPermission(path, permission);
                return;
            }
            String nineLetters = permission.getUserAction().SYMBOL
                    + permission.getGroupAction().SYMBOL
                    + permission.getOtherAction().SYMBOL;
            Files.setPosixFilePermissions(pathToFile(path).toPath(), PosixFilePermissions.fromString(nineLetters));
        }
    }
}
