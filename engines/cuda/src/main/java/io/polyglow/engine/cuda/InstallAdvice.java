package io.polyglow.engine.cuda;

import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What a person does to get what the engine lacks on a machine; lines of text. */
final class InstallAdvice {
    private static final String DRIVER_LINE =
            "driver: 580 or newer (CUDA 13); as root on Debian or Ubuntu: apt-get install nvidia-driver (Ubuntu: nvidia-driver-580), then restart;"
                    + " in a container: start it with --gpus all";

    private InstallAdvice() {}

    /** For libraries that are not found; {@code gpus} are the GPUs' addresses on the PCI bus. */
    static String missing(List<NvidiaLibrary> missing, List<String> gpus) {
        if (gpus.isEmpty() && missing.contains(NvidiaLibrary.DRIVER)) {
            return "no NVIDIA GPU among the PCI devices and no driver (" + NvidiaLibrary.DRIVER.file
                    + "), so there is nothing to install; on a machine with a GPU (sm_80 or newer) this line says what is missing and how"
                    + " to install it. (WSL hides the GPU from Linux and needs the driver of Windows.)";
        }
        StringBuilder text = new StringBuilder();
        if (!gpus.isEmpty()) {
            text.append("NVIDIA GPU at PCI ").append(String.join(", ", gpus)).append("; ");
        }
        text.append("missing: ").append(join(missing, each -> each.title + " (" + each.file + ")", ", "));
        if (missing.contains(NvidiaLibrary.DRIVER)) {
            text.append('\n').append(DRIVER_LINE);
        }
        List<NvidiaLibrary> libraries =
                missing.stream().filter(each -> !each.pip.isEmpty()).toList();
        if (!libraries.isEmpty()) {
            text.append("\nlibraries, with pip: pip install ")
                    .append(join(libraries, each -> each.pip, " "))
                    .append(
                            "\n  export LD_LIBRARY_PATH=$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0] + \"/cu13/lib\")')")
                    .append("\nor, from NVIDIA's package repository: apt-get install ")
                    .append(join(libraries, each -> each.apt, " "))
                    .append(
                            "\nexecutors of Spark: the same on their hosts, and --conf spark.executorEnv.LD_LIBRARY_PATH=... for those of pip");
        }
        return text.toString();
    }

    /** For several GPUs on a host without NCCL; {@code reason} says what is wrong with it. */
    static String nccl(int gpus, String reason) {
        return reason + ", so gradients between the " + gpus + " GPUs of this host pass through its memory"
                + "\nNCCL, with pip: pip install " + NvidiaLibrary.NCCL.pip
                + "\n  export LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$(python3 -c 'import nvidia; print(list(nvidia.__path__)[0] + \"/nccl/lib\")')"
                + "\nor, from NVIDIA's package repository: apt-get install " + NvidiaLibrary.NCCL.apt;
    }

    private static String join(List<NvidiaLibrary> libraries, Function<NvidiaLibrary, String> part, String separator) {
        return libraries.stream().map(part).distinct().collect(Collectors.joining(separator));
    }

    /** For a driver that is older than the libraries; {@code version} is CUDA's as the driver tells it: 1000 major + 10 minor. */
    static String oldDriver(int version) {
        return "the driver is for CUDA " + version / 1000 + "." + version % 1000 / 10
                + ", but the engine calls libraries of CUDA 13\n" + DRIVER_LINE;
    }
}
