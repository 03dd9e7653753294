package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import io.polyglow.common.error.Reasons;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import org.apache.spark.SparkException;
import org.apache.spark.sql.AnalysisException;
import org.jspecify.annotations.Nullable;

/** What goes wrong outside of our code and reaches the user in the words of others: files, Spark, memory. All else that nobody foresaw is a bug. */
final class OrdinaryFailures {
    private OrdinaryFailures() {}

    /** The failure in our words, or null if it is none of these. */
    static @Nullable PolyglowException explain(Throwable failure) {
        PolyglowException memory = ofMemory(failure);
        if (memory != null) {
            return memory;
        }
        PolyglowException yarn = YarnFailures.explain(failure);
        if (yarn != null) {
            return yarn;
        }
        IOException io = find(failure, IOException.class);
        if (io != null) {
            return new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    place(io) + reason(io) + ". Check the path, its permissions and the free space.",
                    failure);
        }
        InvalidPathException path = find(failure, InvalidPathException.class);
        if (path != null) {
            return new PolyglowException(ErrorKind.USAGE, Locations.notAPath(path.getInput(), path), failure);
        }
        AnalysisException query = find(failure, AnalysisException.class);
        if (query != null && "PATH_NOT_FOUND".equals(query.getErrorClass())) {
            return new PolyglowException(ErrorKind.DATA, firstLine(query) + ". Check the path.", failure);
        }
        // with a cause of another kind Spark only passes on what happened in a task
        return deepest(failure) instanceof SparkException spark ? ofSpark(spark, failure) : null;
    }

    static @Nullable PolyglowException ofMemory(Throwable failure) {
        OutOfMemoryError memory = find(failure, OutOfMemoryError.class);
        return memory == null
                ? null
                : new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "This process ran out of memory: " + firstLine(memory)
                                + ". Give it a larger heap, as in POLYGLOW_HEAP=12g polyglow ..., or less work at a time,"
                                + " as in --master local[2]; docs/help/troubleshooting.md tells what needs memory.",
                        failure);
    }

    private static PolyglowException ofSpark(SparkException spark, Throwable failure) {
        return new PolyglowException(
                ErrorKind.ENVIRONMENT,
                "Spark failed: " + firstLine(spark)
                        + ". Check the master, its workers and their logs, then run the command again.",
                failure);
    }

    private static String place(IOException io) {
        return io instanceof FileSystemException system && system.getFile() != null
                ? system.getFile() + ": "
                : "Reading or writing failed: ";
    }

    /** Messages of HDFS go on with the stack trace of the other side. */
    private static String reason(IOException io) {
        return Reasons.of(io).lines().findFirst().orElse("").replaceFirst("\\.$", "");
    }

    /** Spark's messages go on with a stack trace. */
    static String firstLine(Throwable failure) {
        String message = failure.getMessage();
        String said = message == null || message.isBlank() ? failure.getClass().getSimpleName() : message.strip();
        return said.lines().findFirst().orElse("").replaceFirst("\\.$", "");
    }

    static Throwable deepest(Throwable failure) {
        Throwable at = failure;
        while (at.getCause() != null) {
            at = at.getCause();
        }
        return at;
    }

    static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        for (Throwable at = failure; at != null; at = at.getCause()) {
            if (type.isInstance(at)) {
                return type.cast(at);
            }
        }
        return null;
    }
}
