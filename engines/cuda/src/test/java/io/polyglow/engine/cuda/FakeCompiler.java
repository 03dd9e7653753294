package io.polyglow.engine.cuda;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** "Machine code" is the name of the unit; remembers what it compiled. */
final class FakeCompiler implements KernelCompiler {
    final List<String> compiled = new ArrayList<>();
    String version = "1.0";

    @Override
    public String version() {
        return version;
    }

    @Override
    public byte[] compile(String name, String source, List<String> options, int architecture) {
        compiled.add(name + " " + options + " sm_" + architecture);
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
