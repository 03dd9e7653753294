package io.polyglow.common.token.shard;

import io.polyglow.common.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;

/** The tokens of one shard as memory, checked against the manifest. */
final class TokenShard {
    private final ShardInfo info;
    private final ByteBuffer bin;

    TokenShard(Store store, String directory, ShardInfo info, int vocabSize) throws IOException {
        this.info = info;
        String path = CorpusManifest.path(directory, info.name()) + ".bin";
        bin = MappedFile.open(store, path, info.bin());
        checkIds(store.root() + "/" + path, vocabSize);
    }

    int tokens() {
        return (int) info.tokens();
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
                    throw ShardIndex.damaged(
                            file,
                            (long) (start + i) * info.type().bytes(),
                            "token id " + ids[i] + " is outside of [0, " + vocabSize + ")");
                }
            }
        }
    }
}
