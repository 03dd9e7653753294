package io.polyglow.common.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;

/**
 * Files of other projects that tests compare with where they are at hand. They are no part of this repository: each lies at {@code OWNER/NAME/PATH}, as it does in the public repository {@code OWNER/NAME},
 * below {@code peers} in the folder that {@code -Dpolyglow.corpora} names, or below the one that {@code -Dpolyglow.peers} names.
 */
public final class PeerFiles {
    private PeerFiles() {}

    /** The bytes of a file, which must be the ones that the expected values were measured with; without the file the test is left out. */
    public static byte[] read(String path, String sha256) throws IOException {
        String root = System.getProperty("polyglow.peers", System.getProperty("polyglow.corpora") + "/peers");
        Path file = Path.of(root, path);
        assumeTrue(Files.exists(file), file + " is not here");
        byte[] bytes = Files.readAllBytes(file);
        assertThat(sha256(bytes)).as(path).startsWith(sha256);
        return bytes;
    }

    /** Lower-case hex SHA-256. */
    public static String sha256(byte[] bytes) {
        return HexFormat.of().formatHex(ByteLevelBpe.sha256(bytes));
    }
}
