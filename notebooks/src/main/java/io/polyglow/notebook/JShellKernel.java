package io.polyglow.notebook;

import io.github.spencerpark.jupyter.channels.JupyterConnection;
import io.github.spencerpark.jupyter.kernel.BaseKernel;
import io.github.spencerpark.jupyter.kernel.KernelConnectionProperties;
import io.github.spencerpark.jupyter.kernel.LanguageInfo;
import io.github.spencerpark.jupyter.kernel.display.DisplayData;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import jdk.jshell.JShell;
import jdk.jshell.Snippet;
import jdk.jshell.SnippetEvent;
import jdk.jshell.SourceCodeAnalysis.CompletionInfo;
import jdk.jshell.execution.LocalExecutionControl;
import jdk.jshell.spi.ExecutionControl;
import jdk.jshell.spi.ExecutionControlProvider;
import jdk.jshell.spi.ExecutionEnv;
import org.jspecify.annotations.Nullable;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.BitmapEncoder.BitmapFormat;
import org.knowm.xchart.internal.chartpart.Chart;

/**
 * A Jupyter kernel for Java: cells run in JShell inside this JVM, so they see its class path. The value of a cell's last
 * expression is shown: charts as PNG, {@link Html} as HTML, anything else as text. One connection file is the only argument.
 */
public final class JShellKernel extends BaseKernel {
    private final ResultCapture results = new ResultCapture();
    private final JShell shell;

    /** Opens a shell on the class path of this JVM. */
    public JShellKernel() {
        shell = JShell.builder().executionEngine(results, Map.of()).build();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            shell.addToClasspath(entry);
        }
    }

    /** Serves one notebook until Jupyter closes the connection. */
    public static void main(String[] args) throws Exception {
        JupyterConnection connection =
                new JupyterConnection(KernelConnectionProperties.parse(Files.readString(Path.of(args[0]))));
        new JShellKernel().becomeHandlerForConnection(connection);
        connection.connect();
    }

    @Override
    public DisplayData eval(String cell) throws Exception {
        DisplayData shown = DisplayData.EMPTY;
        String rest = cell;
        while (!rest.isBlank()) {
            CompletionInfo next = shell.sourceCodeAnalysis().analyzeCompletion(rest);
            String source = next.source() == null ? rest : next.source();
            rest = next.source() == null ? "" : next.remaining();
            shown = run(source);
        }
        return shown;
    }

    private DisplayData run(String source) throws Exception {
        DisplayData shown = DisplayData.EMPTY;
        for (SnippetEvent event : shell.eval(source)) {
            if (event.exception() != null) {
                throw event.exception();
            }
            if (event.status() == Snippet.Status.REJECTED) {
                throw new IllegalArgumentException(diagnosis(event.snippet()));
            }
            if (event.snippet().subKind() == Snippet.SubKind.TEMP_VAR_EXPRESSION_SUBKIND
                    || event.snippet().subKind() == Snippet.SubKind.VAR_VALUE_SUBKIND) {
                shown = show(results.last());
            }
        }
        return shown;
    }

    private String diagnosis(Snippet snippet) {
        return shell.diagnostics(snippet).map(d -> d.getMessage(null)).collect(Collectors.joining("\n")) + "\n"
                + snippet.source();
    }

    private DisplayData show(@Nullable Object value) throws IOException {
        if (value instanceof Chart<?, ?> chart) {
            DisplayData data = new DisplayData();
            data.putData(
                    "image/png",
                    Base64.getMimeEncoder().encodeToString(BitmapEncoder.getBitmapBytes(chart, BitmapFormat.PNG)));
            return data;
        }
        if (value instanceof Html html) {
            DisplayData data = new DisplayData();
            data.putHTML(html.markup());
            return data;
        }
        return value == null ? DisplayData.EMPTY : new DisplayData(value.toString());
    }

    @Override
    public LanguageInfo getLanguageInfo() {
        return new LanguageInfo.Builder("Java")
                .version(Runtime.version().toString())
                .mimetype("text/x-java-source")
                .fileExtension(".java")
                .pygments("java")
                .build();
    }

    @Override
    public void onShutdown(boolean restarting) {
        shell.close();
    }

    /** Runs snippets in this JVM and keeps the object that the last one returned; JShell itself only passes its text on. */
    private static final class ResultCapture implements ExecutionControlProvider {
        private @Nullable Object last;

        @Override
        public String name() {
            return "polyglow-local";
        }

        @Override
        public ExecutionControl generate(ExecutionEnv env, Map<String, String> parameters) {
            return new LocalExecutionControl() {
                @Override
                protected String invoke(Method snippet) throws Exception {
                    last = snippet.invoke(null);
                    return valueString(last);
                }
            };
        }

        @Nullable
        Object last() {
            return last;
        }
    }

    /** Text that the front end shows for an error. */
    @Override
    public List<String> formatError(Exception error) {
        return List.of(error.getMessage() == null ? error.toString() : error.getMessage());
    }
}
