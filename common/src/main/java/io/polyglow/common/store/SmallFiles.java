package io.polyglow.common.store;

import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/** Reading and writing whole small files of a store, so that readers never see half of one. */
public final class SmallFiles {
    private static final int MAX_BYTES = 1 << 16;

    private SmallFiles() {}

    /** Creates the file; false if it exists. The content may be cut short by a crash, the existence may not. */
    public static boolean create(Store store, String path, JsonObject content) throws IOException {
        try {
            Stores.write(store, path, bytes(content));
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        }
    }

    /** Creates or replaces the file in one step. */
    public static void rewrite(Store store, String path, JsonObject content) throws IOException {
        Stores.rewrite(store, path, bytes(content));
    }

    /** The content, or null if there is no such file or its writer died before the content was there. */
    public static @Nullable JsonObject read(Store store, String path) throws IOException {
        try {
            byte[] bytes = Stores.read(store, path, MAX_BYTES);
            return bytes.length == 0 ? null : Json.parseObject(store.root() + "/" + path, bytes, MAX_BYTES);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private static byte[] bytes(JsonObject content) {
        return Json.pretty(content).getBytes(StandardCharsets.UTF_8);
    }
}
