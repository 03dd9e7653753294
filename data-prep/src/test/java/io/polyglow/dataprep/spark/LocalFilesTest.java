package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalFilesTest {
    @TempDir
    Path directory;

    @Test
    void shouldSetPermissionsAsHadoopDoes() throws IOException {
        Configuration configuration = new Configuration();
        configuration.set(LocalFiles.KEY, LocalFiles.class.getName());
        configuration.set(FsPermission.UMASK_LABEL, "027");
        try (FileSystem ours = FileSystem.newInstance(directory.toUri(), configuration)) {
            assertThat(ours).isInstanceOf(LocalFiles.class);
            ours.create(hadoop("made/file")).close();
            ours.mkdirs(hadoop("shared"));
            ours.setPermission(hadoop("shared"), new FsPermission("1777"));

            assertThat(permissions("made")).isEqualTo("rwxr-x---");
            assertThat(permissions("made/file")).isEqualTo("rw-r-----");
            assertThat(ours.getFileStatus(hadoop("shared")).getPermission()).isEqualTo(new FsPermission("1777"));
        }
    }

    private org.apache.hadoop.fs.Path hadoop(String name) {
        return new org.apache.hadoop.fs.Path(directory.resolve(name).toUri());
    }

    private String permissions(String name) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve(name)));
    }
}
