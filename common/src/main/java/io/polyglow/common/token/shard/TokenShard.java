package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;

/** One shard as memory, checked against the manifest. */
final class TokenShard {
    private final ShardInfo info;
    private final ByteBuffer bin;
    private final ByteBuffer lang;
    private final MegatronIndex index;

    TokenShard(Store store, String directory, ShardInfo info, int vocabSize) throws IOException {
        this.info = info;
        String path = CorpusManifest.path(directory, info.name());
        checkBytes(
                store,
                path + ".bin",
                info.bin().bytes(),
                info.tokens() * info.type().bytes());
        checkBytes(store, path + ".idx", info.idx().bytes(), MegatronIndex.bytes(info.documents()));
        checkBytes(store, path + ".lang", info.lang().bytes(), 2 * info.documents());
        bin = MappedFile.open(store, path + ".bin", info.bin());
        lang = MappedFile.open(store, path + ".lang", info.lang());
        index = new MegatronIndex(
                store.root() + "/" + path + ".idx", MappedFile.open(store, path + ".idx", info.idx()), info);
        checkIds(store.root() + "/" + path + ".bin", vocabSize);
        checkLanguages(store.root() + "/" + path + ".lang");
    }

    int documents() {
        return (int) info.documents();
    }

    int tokens() {
        return (int) info.tokens();
    }

    long start(int document) {
        return index.start(document);
    }

    String language(int document) {
        return info.languages().get(lang.getShort(2 * document) & 0xFFFF).language();
    }

    void read(int start, int count, int[] dest, int destOffset) {
        if (info.type() == TokenType.UINT16) {
            for (int i = 0; i < count; i++) {
                dest[destOffset + i] = bin.getShort(2 * (start + i)) & 0xFFFF;
            }
        } else {
            for (int i = 0; i < count; i++) {
                dest[destOffset + i] = bin.getInt(4 * (start + i));
            }
        }
    }

    private void checkIds(String file, int vocabSize) {
        int[] ids = new int[8192];
        for (int start = 0; start < tokens(); start += ids.length) {
            int count = Math.min(ids.length, tokens() - start);
            read(start, count, ids, 0);
            for (int i = 0; i < count; i++) {
                if (Integer.compareUnsigned(ids[i], vocabSize) >= 0) {
                    throw damaged(
                            file,
                            (long) (start + i) * info.type().bytes(),
                            "token id " + ids[i] + " is outside of [0, " + vocabSize + ")");
                }
            }
        }
    }

    private void checkLanguages(String file) {
        for (int d = 0; d < documents(); d++) {
            int language = lang.getShort(2 * d) & 0xFFFF;
            if (language >= info.languages().size()) {
                throw damaged(
                        file, 2L * d, "language " + language + " of document " + d + " is not listed in the manifest");
            }
        }
    }

    private static void checkBytes(Store store, String path, long bytes, long expected) {
        if (bytes != expected) {
            throw damaged(
                    store.root() + "/" + path,
                    Math.min(bytes, expected),
                    "the manifest gives it " + bytes + " bytes, its counts make " + expected);
        }
    }

    private static PolyglowException damaged(String file, long at, String what) {
        return new PolyglowException(
                ErrorKind.DATA,
                file + ", byte " + at + ": " + what
                        + ". Shard and manifest do not belong together; prepare the corpus again.");
    }
}
