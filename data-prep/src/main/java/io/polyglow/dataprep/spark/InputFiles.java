package io.polyglow.dataprep.spark;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.dataprep.read.Compression;
import io.polyglow.dataprep.read.Format;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.jspecify.annotations.Nullable;

/**
 * Finds the files of an input: a file, a directory with all below it, or a glob of these. Names that begin with . or _ are passed over. Listing asks the file system for one
 * batch at a time; the driver holds about 0.4 KiB for each file, so a million of them take 400 MiB of its heap.
 */
final class InputFiles {
    private static final Pattern UNESCAPED_WILDCARD = Pattern.compile("(?<!\\\\)(\\\\{2})*[*?\\[{]");

    private final String what;
    private final String input;
    private final Function<String, Optional<Format>> formats;
    private final Path root;
    private final FileSystem files;
    private final List<InputFile> found = new ArrayList<>();
    private PassedOver passedOver = PassedOver.NONE;

    private InputFiles(Configuration conf, String what, String input, Function<String, Optional<Format>> formats)
            throws IOException {
        this.what = what;
        this.input = input;
        this.formats = formats;
        Path path = Locations.path(input);
        this.files = Locations.fileSystem(path, conf);
        this.root = root(path);
    }

    /** What an input holds: the files to read, sorted by source, and what is not read. */
    record Listing(List<InputFile> files, PassedOver passedOver) {}

    /**
     * The files, sorted by source. Nothing there, or nothing of a known format, is a {@link ErrorKind#DATA} error.
     *
     * @param fixed the format of all files, or null to go by their names
     */
    static List<InputFile> list(Configuration conf, String input, @Nullable Format fixed) {
        return listing(conf, input, fixed).files();
    }

    /** As {@link #list}, with what is passed over. */
    static Listing listing(Configuration conf, String input, @Nullable Format fixed) {
        return listing(
                conf, "The input", input, name -> Optional.ofNullable(fixed).or(() -> Format.ofName(name)));
    }

    /**
     * As above.
     *
     * @param what errors call it, before the place
     * @param formats the format of a file by its name; a file without one is passed over
     */
    static List<InputFile> list(
            Configuration conf, String what, String input, Function<String, Optional<Format>> formats) {
        return listing(conf, what, input, formats).files();
    }

    private static Listing listing(
            Configuration conf, String what, String input, Function<String, Optional<Format>> formats) {
        try {
            return new InputFiles(conf, what, input, formats).listing();
        } catch (IOException e) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT, what + " " + input + " cannot be listed: " + e.getMessage(), e);
        }
    }

    private Listing listing() throws IOException {
        for (FileStatus status : matches()) {
            if (status.isDirectory()) {
                addDirectory(status.getPath());
            } else {
                add(status);
            }
        }
        if (found.isEmpty()) {
            throw nothingFound();
        }
        if (found.stream().allMatch(file -> file.bytes() == 0)) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    what + " " + input + " gives nothing to read. "
                            + (found.size() == 1 ? "The file is empty." : "All " + found.size() + " files are empty."));
        }
        found.sort(Comparator.comparing(InputFile::source));
        return new Listing(List.copyOf(found), passedOver);
    }

    private List<FileStatus> matches() throws IOException {
        Path path = Locations.path(input);
        if (files.exists(path)) {
            return List.of(files.getFileStatus(path));
        }
        FileStatus[] statuses = files.globStatus(path);
        if (statuses == null || statuses.length == 0) {
            throw new PolyglowException(
                    ErrorKind.DATA,
                    what + " " + input + " does not exist (looked for " + path
                            + "). Give a file, a directory or a glob; a plain path is local, hdfs://... is HDFS.");
        }
        return Arrays.asList(statuses);
    }

    /** Hadoop's own walk asks where the blocks of each file are, and of a local file its permissions, for which it starts a process. */
    private void addDirectory(Path path) throws IOException {
        Deque<Directory> directories = new ArrayDeque<>(List.of(Directory.of(path, null)));
        while (!directories.isEmpty()) {
            Directory directory = directories.remove();
            RemoteIterator<FileStatus> entries = files.listStatusIterator(directory.path());
            while (entries.hasNext()) {
                FileStatus entry = entries.next();
                if (!entry.isDirectory()) {
                    add(entry);
                    continue;
                }
                Directory below = Directory.of(entry.getPath(), directory);
                if (!below.isWithinItself()) {
                    directories.add(below);
                }
            }
        }
    }

    /**
     * A directory on the way down.
     *
     * @param place where it is, links followed; the path itself where there are no links
     */
    private record Directory(Path path, Object place, @Nullable Directory parent) {
        static Directory of(Path path, @Nullable Directory parent) throws IOException {
            boolean local = "file".equals(path.toUri().getScheme());
            Object place = local ? java.nio.file.Path.of(path.toUri().getPath()).toRealPath() : path;
            return new Directory(path, place, parent);
        }

        /** Whether a link led back to a directory that is being read: what is there is found without it. */
        boolean isWithinItself() {
            for (Directory above = parent; above != null; above = above.parent) {
                if (above.place.equals(place)) {
                    return true;
                }
            }
            return false;
        }
    }

    private void add(FileStatus file) {
        String name = file.getPath().getName();
        if (isHidden(source(file)) && !isNamed(file)) {
            return;
        }
        Optional<Format> format = formats.apply(name);
        if (format.isEmpty()) {
            passedOver = passedOver.plus(source(file));
            return;
        }
        found.add(new InputFile(
                source(file), file.getPath().toString(), file.getLen(), format.get(), Compression.ofName(name)));
    }

    private String source(FileStatus file) {
        return root.toUri().relativize(file.getPath().toUri()).getPath();
    }

    /** Whether the input is this very file. */
    private boolean isNamed(FileStatus file) {
        return files.makeQualified(Locations.path(input)).equals(file.getPath());
    }

    private static boolean isHidden(String source) {
        return Arrays.stream(source.split("/")).anyMatch(name -> name.startsWith(".") || name.startsWith("_"));
    }

    /** The directory that sources are relative to: the input itself, or the deepest directory above it without a wildcard. */
    private Path root(Path path) throws IOException {
        if (files.exists(path)) {
            return files.getFileStatus(path).isDirectory() ? files.makeQualified(path) : parent(path);
        }
        Path fixedPart = path;
        while (hasWildcard(fixedPart.toUri().getPath())) {
            fixedPart = parent(fixedPart);
        }
        return files.makeQualified(fixedPart);
    }

    /** Whether a part of a glob, which may end within braces, is more than a name. */
    private static boolean hasWildcard(String glob) {
        return UNESCAPED_WILDCARD.matcher(glob).find();
    }

    private Path parent(Path path) {
        Path parent = path.getParent();
        return files.makeQualified(parent == null ? path : parent);
    }

    private PolyglowException nothingFound() {
        String advice = passedOver.files() == 0
                ? "It holds no files."
                : passedOver.files()
                        + " files have names of no known format; set format to text, lines, html, jsonl, csv, tsv, warc or parquet.";
        return new PolyglowException(ErrorKind.DATA, what + " " + input + " gives nothing to read. " + advice);
    }
}
