package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * Turns failures into one paragraph on standard error and the documented exit code. A stack trace appears only for our own bugs, or
 * when {@code POLYGLOW_DEBUG} is set.
 */
final class ErrorReport implements IExecutionExceptionHandler, IParameterExceptionHandler {
    private final Console console;
    private final boolean debug;

    ErrorReport(Console console, boolean debug) {
        this.console = console;
        this.debug = debug;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine command, ParseResult parsed) {
        return report(failure);
    }

    /** Says what happened, and returns the exit code. */
    int report(Throwable failure) {
        PolyglowException known = known(failure);
        if (known != null) {
            console.note("polyglow: " + known.getMessage());
            if (debug) {
                console.note(trace(failure));
            }
            return known.kind().exitCode();
        }
        console.note("polyglow: this is a bug of ours: " + failure);
        console.note(trace(failure));
        console.note("Please report it with the lines above and the command that you ran.");
        return ErrorKind.BUG.exitCode();
    }

    @Override
    public int handleParseException(ParameterException given, String[] args) {
        CommandLine command = given.getCommandLine();
        List<String> unmatched = command.getUnmatchedArguments();
        // an unknown option explains a missing parameter better than the parameter does
        ParameterException failure = given instanceof MissingParameterException && !unmatched.isEmpty()
                ? new UnmatchedArgumentException(command, unmatched)
                : given;
        console.note("polyglow: " + failure.getMessage());
        UnmatchedArgumentException.printSuggestions(failure, command.getErr());
        console.note("Try: " + command.getCommandSpec().qualifiedName() + " --help");
        return ErrorKind.USAGE.exitCode();
    }

    /** What is no bug. Where we took a lack of memory for one, in a Spark job, it is none either. */
    private static @Nullable PolyglowException known(Throwable failure) {
        PolyglowException ours = OrdinaryFailures.find(failure, PolyglowException.class);
        if (ours == null) {
            return OrdinaryFailures.explain(failure);
        }
        return ours.kind() == ErrorKind.BUG ? OrdinaryFailures.ofMemory(failure) : ours;
    }

    private static String trace(Throwable failure) {
        StringWriter text = new StringWriter();
        failure.printStackTrace(new PrintWriter(text, true));
        return text.toString().stripTrailing();
    }
}
