package io.polyglow.cluster.member;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.cluster.member.FailureLog.Failure;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.store.LocalStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FailureLogTest {
    @TempDir
    Path folder;

    @Test
    void shouldKeepTheFirstReportOfEachRank() throws IOException {
        Failure cause = new Failure(1, ErrorKind.NUMERIC, "loss is NaN\nat step \"7\"");
        log().report(3, cause);
        log().report(3, new Failure(1, ErrorKind.BUG, "later"));
        log().report(3, new Failure(0, ErrorKind.PEER_LOST, "rank 1 is gone"));
        log().report(4, new Failure(2, ErrorKind.BUG, "another attempt"));
        assertThat(log().of(3)).containsExactly(new Failure(0, ErrorKind.PEER_LOST, "rank 1 is gone"), cause);
    }

    @Test
    void shouldKeepReportsReadableHoweverLongTheirMessageIs() throws IOException {
        log().report(1, new Failure(0, ErrorKind.BUG, "\u0001".repeat(100_000)));
        assertThat(log().of(1))
                .singleElement()
                .extracting(Failure::message)
                .asString()
                .startsWith("\u0001\u0001")
                .endsWith(" ... (91808 characters more, in the executor's log)");
    }

    @Test
    void shouldIgnoreReportsThatWereCutShort() throws IOException {
        assertThat(log().of(2)).isEmpty();
        Path attempt = Files.createDirectories(folder.resolve("failures/00000002"));
        Files.createFile(attempt.resolve("rank-0.json"));
        Files.writeString(attempt.resolve("rank-1.json.tmp-1"), "{\"ra");
        assertThat(log().of(2)).isEmpty();
    }

    private FailureLog log() {
        return new FailureLog(new LocalStore(folder));
    }
}
