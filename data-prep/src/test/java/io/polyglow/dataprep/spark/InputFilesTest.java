package io.polyglow.dataprep.spark;

import static org.assertj.core.api.Assertions.assertThat;

import io.polyglow.dataprep.read.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InputFilesTest {
    private static final String PROCESS_START = "jdk.ProcessStart";

    @TempDir
    Path directory;

    @Test
    void shouldListAllFoldersByNameWithoutStartingAProcessForAFile() throws IOException {
        Path input = directory.resolve("input");
        for (String name :
                List.of("b.txt", "a/deep/er/c.txt", "a/d.jsonl.gz", ".hidden/e.txt", "_f.txt", "a/LICENSE")) {
            Files.createDirectories(input.resolve(name).getParent());
            Files.writeString(input.resolve(name), "text\n");
        }

        // Hadoop starts one when it is loaded
        InputFiles.listing(new Configuration(), input.toString(), null);

        try (Recording recording = new Recording()) {
            recording.enable(PROCESS_START);
            recording.start();
            InputFiles.Listing listing = InputFiles.listing(new Configuration(), input.toString(), null);
            recording.stop();

            assertThat(listing.files())
                    .extracting(file -> file.source() + " " + file.format())
                    .containsExactly(
                            "a/d.jsonl.gz " + Format.JSONL, "a/deep/er/c.txt " + Format.TEXT, "b.txt " + Format.TEXT);
            assertThat(listing.passedOver().files()).isEqualTo(1);
            assertThat(processes(recording)).isEmpty();
        }
    }

    /** A folder that is reached twice on ways of their own is read twice, as {@code find -L} has it. */
    @Test
    void shouldFollowLinksToFoldersButNotInCircles() throws IOException {
        Path input = directory.resolve("input");
        Files.createDirectories(input.resolve("a/b"));
        Files.writeString(input.resolve("a/b/one.txt"), "text\n");
        Path elsewhere = Files.createDirectories(directory.resolve("elsewhere"));
        Files.writeString(elsewhere.resolve("two.txt"), "text\n");
        Files.createSymbolicLink(input.resolve("a/b/up"), input.resolve("a"));
        Files.createSymbolicLink(input.resolve("out"), elsewhere);
        Files.createSymbolicLink(elsewhere.resolve("back"), input);

        assertThat(sources(input.toString())).containsExactly("a/b/one.txt", "out/two.txt");
    }

    @Test
    void shouldReadGlobsWithFoldersWithinBraces() throws IOException {
        for (String name : List.of("en/web/a.txt", "de/books/b.txt", "de/web/c.txt")) {
            Files.createDirectories(directory.resolve(name).getParent());
            Files.writeString(directory.resolve(name), "text\n");
        }

        assertThat(sources(directory + "/{en/web,de/books}/*.txt")).containsExactly("de/books/b.txt", "en/web/a.txt");
        assertThat(sources(directory + "/de/{web,books}/*")).containsExactly("books/b.txt", "web/c.txt");
    }

    private static List<String> sources(String input) {
        return InputFiles.list(new Configuration(), input, null).stream()
                .map(InputFile::source)
                .toList();
    }

    private List<String> processes(Recording recording) throws IOException {
        Path file = directory.resolve("events.jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(PROCESS_START))
                .map(InputFilesTest::command)
                .toList();
    }

    private static String command(RecordedEvent event) {
        return event.getString("command");
    }
}
