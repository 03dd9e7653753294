package io.polyglow.common.token.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.agrona.collections.IntArrayList;
import org.junit.jupiter.api.Test;

/** The bytes of a shard. */
class TokenShardTest {
    private final ByteArrayOutputStream bin = new ByteArrayOutputStream();
    private final ByteArrayOutputStream idx = new ByteArrayOutputStream();
    private final ByteArrayOutputStream lang = new ByteArrayOutputStream();
    private final ByteArrayOutputStream docs = new ByteArrayOutputStream();

    @Test
    void shouldWriteMegatronsBytesWhenIdsAreShort() throws Exception {
        ShardInfo info = write(TokenType.UINT16);
        assertThat(hex(bin)).isEqualTo("010002000300040005000600070008000900");
        assertThat(hex(idx))
                .isEqualTo("4d4d49444944580000" + "0100000000000000" + "08" + "0300000000000000" + "0400000000000000"
                        + "030000000200000004000000"
                        + "0000000000000000" + "0600000000000000" + "0a00000000000000"
                        + "0000000000000000" + "0100000000000000" + "0200000000000000" + "0300000000000000");
        assertThat(sha256(idx)).startsWith("a029b2e87ccf").endsWith("3671");
        assertThat(hex(lang)).isEqualTo("000001000000");
        assertThat(hex(docs))
                .isEqualTo("50474c57444f4353" + "0100000000000000"
                        + "000000000000000a" + "0100000000000000" + "00000000"
                        + "000000000000000a" + "0200000000000000" + "00000000"
                        + "000000000000000a" + "0100000000000000" + "01000000");
        assertThat(info.docs()).isNotNull();
        assertThat(info.idx().sha256()).isEqualTo(sha256(idx));
        assertThat(info.languages())
                .containsExactly(new LanguageCount("deu", 2, 30, 7), new LanguageCount("fra", 1, 20, 2));
    }

    @Test
    void shouldWriteMegatronsBytesWhenIdsAreLong() throws Exception {
        write(TokenType.INT32);
        assertThat(idx.toByteArray()).hasSize(102);
        assertThat(sha256(idx)).startsWith("354b591deaf8").endsWith("6f3f");
        assertThat(hex(bin)).startsWith("0100000002000000");
    }

    @Test
    void shouldMakeAnIndexOfKnownSizeWhenThereAre35000Documents() throws IOException {
        IntArrayList lengths = new IntArrayList();
        for (int d = 0; d < 35_000; d++) {
            lengths.addInt(d % 7);
        }
        DigestingOutput out = new DigestingOutput(idx);
        MegatronIndex.write(out, TokenType.UINT16, lengths);
        assertThat(out.finish().bytes()).isEqualTo(700_042).isEqualTo(MegatronIndex.bytes(35_000));
    }

    @Test
    void shouldTellTheSameInOneLineOfJson() throws IOException {
        ShardInfo info = write(TokenType.UINT16);
        assertThat(ShardInfo.parse(info.line())).isEqualTo(info);
    }

    @Test
    void shouldPickTheTypeThatMegatronPicks() {
        assertThat(TokenType.forVocabulary(65_499)).isEqualTo(TokenType.UINT16);
        assertThat(TokenType.forVocabulary(65_500)).isEqualTo(TokenType.INT32);
    }

    @Test
    void shouldRefuseAnIdThatDoesNotFit() throws IOException {
        TokenShardWriter writer = new TokenShardWriter("train-00000", TokenType.UINT16, bin, idx, lang, docs);
        assertThatThrownBy(() -> writer.append(entry(1, 0, "deu", 5), new int[] {70_000}, 0, 1))
                .hasMessageContaining("70000");
        assertThatThrownBy(() -> writer.append(entry(1, 0, "deu", 5), new int[] {-1}, 0, 1))
                .hasMessageContaining("-1");
        writer.close();
    }

    private ShardInfo write(TokenType type) throws IOException {
        try (TokenShardWriter writer = new TokenShardWriter("train-00000", type, bin, idx, lang, docs)) {
            int[] ids = {9, 1, 2, 3, 4, 5, 6, 7, 8, 9};
            writer.append(entry(1, 0, "deu", 10), ids, 1, 3);
            writer.append(entry(2, 0, "fra", 20), ids, 4, 2);
            writer.append(entry(1, 1, "deu", 20), ids, 6, 4);
            return writer.finish();
        }
    }

    private static ShardEntry entry(int id, int copy, String language, long textBytes) {
        return new ShardEntry(new DocumentId(10L << 56, id), copy, language, textBytes);
    }

    private static String hex(ByteArrayOutputStream out) {
        return HexFormat.of().formatHex(out.toByteArray());
    }

    private static String sha256(ByteArrayOutputStream out) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(out.toByteArray()));
    }
}
