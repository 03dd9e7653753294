package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.polyglow.common.error.PolyglowException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The run-time compiler itself, which needs no GPU, where its library is. */
class NvrtcTest {
    private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

    private final Nvrtc compiler = new Nvrtc();

    @BeforeAll
    static void loadLibrary() {
        try {
            Loader.load(nvrtc.class);
        } catch (LinkageError e) {
            assumeTrue(
                    false, "needs libnvrtc.so.13, and for JavaCPP libcuda.so.1, in LD_LIBRARY_PATH: " + e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {80, 90, 100})
    void shouldCompileEveryUnitToMachineCode(int architecture) {
        assertThat(compiler.compile("general", KernelSource.general(), KernelSource.OPTIONS, architecture))
                .startsWith(ELF);
        assertThat(compiler.compile("attention", KernelSource.attention(), KernelSource.OPTIONS, architecture))
                .startsWith(ELF);
        for (int headDim : FlashAttention.HEAD_DIMS) {
            List<String> options = FlashAttention.options(headDim);
            assertThat(compiler.compile("flash", KernelSource.flash(), options, architecture))
                    .startsWith(ELF);
            if (architecture == 90) {
                assertThat(compiler.compile("wgmma", KernelSource.wgmma(), options, architecture))
                        .startsWith(ELF);
            }
        }
    }

    @Test
    void shouldCompileToPtxForAGpuThatIsNewerThanTheCompiler() {
        byte[] code = compiler.compile("general", KernelSource.general(), KernelSource.OPTIONS, 999);
        assertThat(new String(code, StandardCharsets.US_ASCII)).contains(".entry adamw");
    }

    @Test
    void shouldShowTheCompilersMessageWhenASourceIsWrong() {
        assertThatThrownBy(() -> compiler.compile("broken", "#line 7 \"broken.cu\"\nint x = y;", List.of(), 90))
                .isInstanceOf(PolyglowException.class)
                .hasMessageContaining("broken.cu(7)")
                .hasMessageContaining("\"y\" is undefined");
    }
}
