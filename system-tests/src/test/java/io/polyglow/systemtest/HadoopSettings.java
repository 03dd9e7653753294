package io.polyglow.systemtest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** The XML in which Hadoop keeps its settings. */
final class HadoopSettings {
    private HadoopSettings() {}

    static void write(Path file, Map<String, String> settings) throws IOException {
        StringBuilder text = new StringBuilder("<configuration>\n");
        settings.forEach((name, value) -> text.append("  <property><name>")
                .append(name)
                .append("</name><value>")
                .append(value)
                .append("</value></property>\n"));
        Files.writeString(file, text.append("</configuration>\n"));
    }
}
