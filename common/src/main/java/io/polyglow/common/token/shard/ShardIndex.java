package io.polyglow.common.token.shard;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where the documents of one shard lie and which they are: {@code .idx}, {@code .lang} and {@code .docs} as memory, checked against the manifest. */
final class ShardIndex {
    private final ShardInfo info;
    private final MegatronIndex index;
    private final ByteBuffer lang;
    private final @Nullable ShardDocuments docs;

    ShardIndex(Store store, String directory, ShardInfo info) throws IOException {
        this.info = info;
        String path = CorpusManifest.path(directory, info.name());
        String file = store.root() + "/" + path;
        checkBytes(file, info);
        lang = MappedFile.open(store, path + ".lang", info.lang());
        index = new MegatronIndex(file + ".idx", MappedFile.open(store, path + ".idx", info.idx()), info);
        docs = info.docs() == null
                ? null
                : new ShardDocuments(
                        file + ".docs", MappedFile.open(store, path + ".docs", info.docs()), info.documents());
        checkLanguages(file + ".lang");
    }

    /** First token of a document; {@code document} may be the number of documents. */
    long start(int document) {
        return index.start(document);
    }

    String language(int document) {
        return info.languages().get(lang.getShort(2 * document) & 0xFFFF).language();
    }

    /** Which documents these are; null in corpora of older versions. */
    @Nullable
    ShardDocuments docs() {
        return docs;
    }

    private void checkLanguages(String file) {
        for (int d = 0; d < info.documents(); d++) {
            int language = lang.getShort(2 * d) & 0xFFFF;
            if (language >= info.languages().size()) {
                throw damaged(
                        file, 2L * d, "language " + language + " of document " + d + " is not listed in the manifest");
            }
        }
    }

    private static void checkBytes(String file, ShardInfo info) {
        Map<String, Long> expected = Map.of(
                ".bin",
                info.tokens() * info.type().bytes(),
                ".idx",
                MegatronIndex.bytes(info.documents()),
                ".lang",
                2 * info.documents(),
                ".docs",
                ShardDocuments.bytes(info.documents()));
        info.files().forEach((suffix, digest) -> {
            long wanted = expected.getOrDefault(suffix, 0L);
            if (digest.bytes() != wanted) {
                throw damaged(
                        file + suffix,
                        Math.min(digest.bytes(), wanted),
                        "the manifest gives it " + digest.bytes() + " bytes, its counts make " + wanted);
            }
        });
    }

    static PolyglowException damaged(String file, long at, String what) {
        return new PolyglowException(
                ErrorKind.DATA,
                file + ", byte " + at + ": " + what
                        + ". Shard and manifest do not belong together; prepare the corpus again.");
    }
}
