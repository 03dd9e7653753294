package io.polyglow.cli;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.apache.spark.SparkException;
import org.jspecify.annotations.Nullable;

/** Why YARN does not run an application, out of what Spark's client for YARN says about it. */
final class YarnFailures {
    private static final String CLIENT = "org.apache.spark.deploy.yarn.Client";
    private static final Pattern APPLICATION = Pattern.compile("Application (application_\\d+_\\d+) ");
    private static final Pattern LAST_WORDS =
            Pattern.compile("Last \\d+ bytes of stderr :\\n(.*?)(\\n\\n|\\z)", Pattern.DOTALL);
    private static final Pattern DIAGNOSTICS = Pattern.compile("Diagnostics: *(\\[[^]]*])?(.*)");

    private YarnFailures() {}

    /** The failure in our words, or null if it is not about YARN. */
    static @Nullable PolyglowException explain(Throwable failure) {
        YarnException refused = OrdinaryFailures.find(failure, YarnException.class);
        if (refused != null) {
            return environment("YARN refused the application: " + OrdinaryFailures.firstLine(refused) + ".", failure);
        }
        IllegalArgumentException tooLarge = OrdinaryFailures.find(failure, IllegalArgumentException.class);
        if (tooLarge != null && thrownByClient(tooLarge)) {
            return environment(
                    OrdinaryFailures.firstLine(tooLarge)
                            + ". Lower spark.executor.memory; polyglow plan CONFIG tells what a rank holds beside that heap (the"
                            + " overhead) and which layout needs less.",
                    failure);
        }
        SparkException ended = OrdinaryFailures.find(failure, SparkException.class);
        String said = ended == null || ended.getMessage() == null ? "" : ended.getMessage();
        Matcher application = APPLICATION.matcher(said);
        return application.lookingAt() ? ofApplication(said, application.group(1), failure) : null;
    }

    private static PolyglowException ofApplication(String said, String id, Throwable failure) {
        String why = lastWords(said);
        return environment(
                "YARN ended the application: " + said.lines().findFirst().orElse("") + (why.isEmpty() ? "" : ": " + why)
                        + ". More is told by: yarn logs -applicationId " + id,
                failure);
    }

    /** What the container wrote last, else what YARN says of it. */
    private static String lastWords(String said) {
        Matcher words = LAST_WORDS.matcher(said);
        if (words.find()) {
            List<String> lines =
                    words.group(1).lines().filter(line -> !line.isBlank()).toList();
            return lines.stream().skip(Math.max(0, lines.size() - 3)).collect(Collectors.joining("; "));
        }
        Matcher diagnostics = DIAGNOSTICS.matcher(said);
        return diagnostics.find() ? diagnostics.group(2).strip() : "";
    }

    private static boolean thrownByClient(Throwable failure) {
        StackTraceElement[] trace = failure.getStackTrace();
        return trace.length > 0 && trace[0].getClassName().startsWith(CLIENT);
    }

    private static PolyglowException environment(String message, Throwable failure) {
        return new PolyglowException(ErrorKind.ENVIRONMENT, message, failure);
    }
}
