package io.polyglow.engine.cuda;

import java.util.List;

/** Compiles CUDA C. */
interface KernelCompiler {
    /** Which compiler, for the key of the cache. */
    String version();

    /** Machine code (or PTX) for the architecture, compute capability times ten. A source that does not compile is a bug of ours. */
    byte[] compile(String name, String source, List<String> options, int architecture);
}
