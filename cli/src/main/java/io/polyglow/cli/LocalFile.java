package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.LocalStore;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.file.Path;

/** A local path that the user named, as the folder that holds it and its name there. */
record LocalFile(Store folder, String name) implements AutoCloseable {
    static LocalFile of(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Path parent = absolute.getParent();
        if (parent == null) {
            throw new PolyglowException(
                    ErrorKind.USAGE, path + " is the root of the file system; name a file or folder in it.");
        }
        return new LocalFile(
                LocalStore.ofFreeNames(parent),
                absolute.getName(absolute.getNameCount() - 1).toString());
    }

    @Override
    public void close() throws IOException {
        folder.close();
    }
}
