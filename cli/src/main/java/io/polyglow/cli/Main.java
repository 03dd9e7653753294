package io.polyglow.cli;

import io.polyglow.common.AllowApi;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.agrona.concurrent.SystemNanoClock;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** {@code polyglow}: parses the command line, runs one command, and exits with its code. */
@Command(
        name = "polyglow",
        mixinStandardHelpOptions = true,
        version = "polyglow 0.1.0",
        synopsisSubcommandLabel = "COMMAND",
        description = "Trains multilingual transformers on the Spark cluster you already have.",
        footerHeading = "%nStart here:%n",
        footer = {
            "  polyglow quickstart                       raw text to a trained model, on this machine",
            "  polyglow prepare CONFIG --set input=DIR   raw text to token shards",
            "  polyglow train CONFIG --set data=CORPUS   token shards to checkpoints",
            "  polyglow resume RUN                       go on from the last checkpoint",
            "",
            "Exit codes: 0 ok, 64 usage or config, 65 data, 69 environment, 70 bug, 74 checkpoint",
            "unreadable, 75 fenced, 76 no progress after restarts, 77 numeric."
        },
        subcommands = {
            QuickstartCommand.class,
            SampleCommand.class,
            PrepareCommand.class,
            QueryCommand.class,
            PlanCommand.class,
            TrainCommand.class,
            ResumeCommand.class,
            EvaluateCommand.class,
            GenerateCommand.class,
            InspectCommand.class,
            LineageCommand.class,
            TakedownCommand.class,
            CopyCommand.class,
            TokenizerCommand.class,
            ConfigCommand.class,
            BenchCommand.class,
            DoctorCommand.class,
            HelpCommand.class
        })
public final class Main implements Runnable {
    /** Where no terminal says how wide it is: room for the longest thing that one may want to copy. */
    private static final int HELP_COLUMNS = 120;

    @CommandLine.Spec
    private CommandLine.Model.CommandSpec spec;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    @AllowApi("the only place that ends the process, and where the terminal belongs")
    public static void main(String[] args) {
        StandardOutput out = new StandardOutput(new FileOutputStream(FileDescriptor.out));
        System.setOut(utf8(out));
        System.setErr(utf8(new FileOutputStream(FileDescriptor.err)));
        Console console = Console.system(SystemNanoClock.INSTANCE);
        int code = execute(console, out, System.getenv("POLYGLOW_DEBUG") != null, args);
        if (code != 0 || !inYarnsContainer()) {
            System.exit(code);
        }
    }

    /** There the process belongs to YARN's application master, which takes an exit before it has told YARN about the end for a failure, whatever the code. */
    private static boolean inYarnsContainer() {
        return "yarn".equals(System.getProperty("spark.master"))
                && "cluster".equals(System.getProperty("spark.submit.deployMode"));
    }

    /** Whatever the locale is: what we print has many languages. */
    private static PrintStream utf8(OutputStream stream) {
        return new PrintStream(stream, true, StandardCharsets.UTF_8);
    }

    /** Runs one command and returns its exit code, also when it ends with an {@link Error}, which the command line lets pass. */
    static int execute(Console console, StandardOutput out, boolean debug, String... args) {
        try {
            int code = commandLine(console, debug).execute(args);
            if (code == 0) {
                out.requireWritten();
            }
            return code;
        } catch (Throwable e) { // nothing is left to do but to say so
            return new ErrorReport(console, debug).report(e);
        }
    }

    /** The whole command tree, as tests use it too. */
    static CommandLine commandLine(Console console, boolean debug) {
        ErrorReport errors = new ErrorReport(console, debug);
        CommandLine commands = new CommandLine(new Main(), new Commands(console));
        CommandLine bench = Objects.requireNonNull(commands.getSubcommands().get("bench"));
        bench.getCommandSpec().usageMessage().footer(BenchCommand.footer());
        return commands.setExecutionExceptionHandler(errors)
                .setParameterExceptionHandler(errors)
                .setUsageHelpWidth(HELP_COLUMNS)
                .setUsageHelpAutoWidth(true);
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(spec.commandLine(), "name a command");
    }
}
