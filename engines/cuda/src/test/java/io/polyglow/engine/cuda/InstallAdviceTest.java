package io.polyglow.engine.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstallAdviceTest {
    private static final List<NvidiaLibrary> ALL = NvidiaLibrary.REQUIRED;

    @TempDir
    Path devices;

    @Test
    void shouldAdviseNothingWhereThereIsNothingToDrive() {
        assertThat(InstallAdvice.missing(ALL, List.of()))
                .contains("no NVIDIA GPU")
                .contains("libcuda.so.1")
                .doesNotContain("pip")
                .doesNotContain("apt-get");
    }

    @Test
    void shouldNameTheGpuTheDriverAndTheLinesThatInstallWhatIsMissing() {
        String all = InstallAdvice.missing(ALL, List.of("0000:17:00.0"));
        assertThat(all.lines().toList()).hasSize(6).satisfies(lines -> {
            assertThat(lines.get(0))
                    .startsWith("NVIDIA GPU at PCI 0000:17:00.0; missing: the driver (libcuda.so.1), ")
                    .endsWith("cuBLASLt (libcublasLt.so.13)");
            assertThat(lines.get(1)).contains("apt-get install nvidia-driver").contains("--gpus all");
            assertThat(lines.get(2)).endsWith("pip install nvidia-cuda-runtime nvidia-cuda-nvrtc nvidia-cublas");
            assertThat(lines.get(3)).contains("export LD_LIBRARY_PATH=");
            assertThat(lines.get(4)).endsWith("apt-get install cuda-cudart-13-1 cuda-nvrtc-13-1 libcublas-13-1");
            assertThat(lines.get(5)).contains("spark.executorEnv.LD_LIBRARY_PATH");
        });
        String one = InstallAdvice.missing(List.of(NvidiaLibrary.NVRTC), List.of());
        assertThat(one)
                .startsWith("missing: NVRTC (libnvrtc.so.13)\n")
                .contains("pip install nvidia-cuda-nvrtc\n")
                .doesNotContain("driver")
                .doesNotContain("cublas");
        String driver = InstallAdvice.missing(List.of(NvidiaLibrary.DRIVER), List.of("0000:17:00.0"));
        assertThat(driver).contains("apt-get install nvidia-driver").doesNotContain("pip");
    }

    @Test
    void shouldFindGpusOnTheBus() throws IOException {
        device("0000:65:00.0", "0x10de", "0x030200");
        device("0000:17:00.0", "0x10de", "0x030000");
        device("0000:17:00.1", "0x10de", "0x040300"); // the sound of a graphics card
        device("0000:03:00.0", "0x1a03", "0x030000");
        Files.createDirectory(devices.resolve("0000:00:00.0"));
        assertThat(PciBus.nvidiaGpus(devices)).containsExactly("0000:17:00.0", "0000:65:00.0");
        assertThat(PciBus.nvidiaGpus(devices.resolve("nowhere"))).isEmpty();
    }

    private void device(String address, String vendor, String type) throws IOException {
        Path device = Files.createDirectory(devices.resolve(address));
        for (String[] file : Arrays.asList(new String[][] {{"vendor", vendor}, {"class", type}})) {
            Files.writeString(device.resolve(file[0]), file[1] + "\n");
        }
    }
}
