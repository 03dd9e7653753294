package io.polyglow.benchmarks.tokenizers;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The documents of an input: a directory's files, or one file, cut after line feeds into documents of up to 16 Ki characters.
 *
 * @param name of the file or directory
 * @param documents in order
 * @param bytes their size in UTF-8
 */
record Texts(String name, List<String> documents, long bytes) {
    private static final int CHARS = 1 << 14;

    static Texts read(Path input) throws IOException {
        List<String> documents = new ArrayList<>();
        if (Files.isDirectory(input)) {
            try (Stream<Path> files = Files.list(input)) {
                for (Path file : files.sorted().filter(Files::isRegularFile).toList()) {
                    cut(Files.readString(file), documents);
                }
            }
        } else {
            cut(Files.readString(input), documents);
        }
        long bytes = documents.stream()
                .mapToLong(text -> text.getBytes(StandardCharsets.UTF_8).length)
                .sum();
        return new Texts(String.valueOf(input.getFileName()), List.copyOf(documents), bytes);
    }

    private static void cut(String text, List<String> documents) {
        for (int start = 0, end; start < text.length(); start = end) {
            end = Math.min(text.length(), start + CHARS);
            int lineEnd = text.lastIndexOf('\n', end - 1) + 1;
            if (end < text.length() && lineEnd > start) {
                end = lineEnd;
            } else if (end < text.length() && Character.isHighSurrogate(text.charAt(end - 1))) {
                end--;
            }
            documents.add(text.substring(start, end));
        }
    }
}
