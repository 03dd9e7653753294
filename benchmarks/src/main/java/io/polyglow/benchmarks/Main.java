package io.polyglow.benchmarks;

import io.polyglow.common.AllowApi;
import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/** The benchmarks as a program of their own, for machines without the cli; also what runs in the processes that they start. */
@AllowApi("this is the command line where the cli is not at hand")
public final class Main {
    private Main() {}

    /** Runs one benchmark and ends the process with its exit code. */
    public static void main(String[] args) {
        System.exit(run(Arrays.asList(args)));
    }

    private static int run(List<String> line) {
        if (line.isEmpty() || line.contains("--help")) {
            Benchmarks.HELP.forEach(System.out::println);
            return line.isEmpty() ? ErrorKind.USAGE.exitCode() : 0;
        }
        try {
            Benchmarks.run(line, System.out::println, System.err::println);
            return 0;
        } catch (PolyglowException e) {
            System.err.println("polyglow bench: " + e.getMessage());
            return e.kind().exitCode();
        } catch (IOException e) {
            System.err.println("polyglow bench: " + e);
            return ErrorKind.ENVIRONMENT.exitCode();
        }
    }
}
