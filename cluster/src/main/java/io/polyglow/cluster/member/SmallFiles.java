package io.polyglow.cluster.member;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import io.polyglow.common.store.Store;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** Reading and writing whole small files of a store, so that readers never see half of one. */
final class SmallFiles {
    private static final int MAX_BYTES = 1 << 16;

    private SmallFiles() {}

    /** Creates the file; false if it exists. The content may be cut short by a crash, the existence may not. */
    static boolean create(Store store, String path, JsonObject content) throws IOException {
        try (Store.Output out = store.create(path)) {
            out.write(Json.pretty(content).getBytes(StandardCharsets.UTF_8));
            out.sync();
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    /** Replaces the file, which may exist, in one step. {@code writer} tells apart those who write at the same time. */
    static void replace(Store store, String path, String writer, JsonObject content) throws IOException {
        String temporary = path + ".tmp-" + writer;
        store.delete(temporary);
        create(store, temporary, content);
        store.replace(temporary, path);
    }

    /** The content, or null if there is no such file or its writer died before the content was there. */
    static @Nullable JsonObject read(Store store, String path) throws IOException {
        try (InputStream in = store.open(path, 0)) {
            byte[] bytes = in.readNBytes(MAX_BYTES);
            return bytes.length == 0 ? null : Json.parseObject(store.root() + "/" + path, bytes, MAX_BYTES);
        } catch (NoSuchFileException | FileNotFoundException e) {
            return null;
        }
    }
}
