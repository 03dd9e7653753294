package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.json.Json;
import io.polyglow.common.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code polyglow doctor}: is this machine fit to train, and if not, what would make it so. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Checks this machine: Java and its flags, /dev/shm, UDP ports, CPU features and engines,"
                    + " and, with --store, that a store keeps its promises (create, sync, rename, delete).",
            "",
            "Exit code 0 if everything that training needs is there, else 69."
        },
        footerHeading = "%nExample:%n",
        footer = "  polyglow doctor --store hdfs://namenode:8020/tmp")
final class DoctorCommand implements Callable<Integer> {
    private final Console console;

    @Option(
            names = "--store",
            paramLabel = "LOCATION",
            description = "Also writes, syncs, renames and deletes a small file there.")
    private List<String> stores = new ArrayList<>();

    @Option(names = "--json", description = "Prints one JSON object instead of lines.")
    private boolean json;

    DoctorCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() throws IOException {
        List<Finding> findings = new ArrayList<>(HostChecks.all());
        try (Locations locations = new Locations()) {
            for (String store : stores) {
                findings.add(StoreCheck.of(store, locations));
            }
        }
        if (json) {
            console.line(Json.pretty(describe(findings)));
        } else {
            findings.forEach(finding -> console.line(finding.text()));
        }
        boolean fit = findings.stream().allMatch(Finding::fit);
        return fit ? 0 : ErrorKind.ENVIRONMENT.exitCode();
    }

    private static JsonObject describe(List<Finding> findings) {
        JsonObject result = new JsonObject();
        for (Finding finding : findings) {
            result.put(
                    finding.what(),
                    new JsonObject()
                            .put("fit", finding.fit())
                            .put("found", finding.found())
                            .put("advice", finding.advice()));
        }
        return result;
    }

    /** One check: what was looked at, what was found, and what to do if that is not enough. */
    record Finding(String what, boolean fit, String found, String advice) {
        private static final String INDENTED = "\n      ";

        static Finding good(String what, String found) {
            return new Finding(what, true, found, "");
        }

        static Finding bad(String what, String found, String advice) {
            return new Finding(what, false, found, advice);
        }

        String text() {
            return (fit ? "ok    " : "FAIL  ") + what + ": " + found
                    + (advice.isEmpty() ? "" : ("\n" + advice).replace("\n", INDENTED));
        }
    }
}
