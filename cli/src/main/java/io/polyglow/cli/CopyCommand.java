package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.store.Store;
import io.polyglow.common.store.Stores;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code polyglow copy}: a corpus, run or checkpoint as a local folder. */
@Command(
        name = "copy",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Copies a corpus, checkpoint or run from where it is to a local folder, for tools that read files.",
            "",
            "The folder appears whole or not at all."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  polyglow copy hdfs://nn:8020/runs/web/checkpoints/step-00001000 model",
            "  polyglow copy hdfs-embedded:/runs/quickstart quickstart --only metrics.jsonl,config.yaml"
        })
final class CopyCommand implements Callable<Integer> {
    private final Console console;
    private long files;
    private long bytes;

    @Parameters(index = "0", paramLabel = "FROM", description = "A directory, local or hdfs://...")
    private String from;

    @Parameters(index = "1", paramLabel = "DIR", description = "Local folder to make; must not exist.")
    private Path to;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "NAME",
            description = "Only these files or directories of FROM. Default: all.")
    private List<String> only = List.of();

    CopyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        try (Locations locations = new Locations();
                Store source = Stores.open(locations.resolve(from));
                LocalFile target = LocalFile.of(to)) {
            if (target.folder().exists(target.name())) {
                throw new PolyglowException(ErrorKind.USAGE, to + " exists already; choose another folder.");
            }
            requireApart(source);
            String staging = target.name() + ".incomplete";
            target.folder().delete(staging);
            target.folder().makeDirectory(staging);
            try {
                copy(source, target.folder(), staging);
                target.folder().publish(staging, target.name());
            } catch (IOException | RuntimeException e) {
                target.folder().delete(staging);
                throw e;
            }
        }
        console.line(String.format(Locale.ROOT, "%s with %,d bytes, in %s", Console.count(files, "file"), bytes, to));
        return 0;
    }

    /** A copy inside of what is copied would be copied too, and so on. */
    private void requireApart(Store source) {
        boolean local = !source.root().contains("://");
        if (local
                && to.toAbsolutePath()
                        .normalize()
                        .startsWith(Path.of(source.root()).normalize())) {
            throw new PolyglowException(
                    ErrorKind.USAGE, to + " lies in " + from + ", which is to be copied; choose a folder beside it.");
        }
    }

    private void copy(Store source, Store target, String staging) throws IOException {
        try {
            List<Store.Entry> entries = source.list("");
            for (String name : only) {
                if (entries.stream().noneMatch(entry -> entry.name().equals(name))) {
                    throw new PolyglowException(ErrorKind.DATA, from + " has no " + name + " in it.");
                }
            }
            for (Store.Entry entry : entries) {
                if (only.isEmpty() || only.contains(entry.name())) {
                    copy(source, entry, target, staging);
                }
            }
        } catch (NoSuchFileException e) {
            throw new PolyglowException(ErrorKind.DATA, "There is nothing at " + from + ". Check the path.", e);
        }
    }

    private void copy(Store source, Store.Entry entry, Store target, String staging) throws IOException {
        if (entry.directory()) {
            target.makeDirectory(staging + "/" + entry.path());
            for (Store.Entry child : source.list(entry.path())) {
                copy(source, child, target, staging);
            }
            return;
        }
        try (InputStream in = source.open(entry.path(), 0);
                Store.Output out = target.create(staging + "/" + entry.path())) {
            bytes += in.transferTo(out);
            out.sync();
        }
        files++;
    }
}
