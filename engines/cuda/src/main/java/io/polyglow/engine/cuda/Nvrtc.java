package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.nvrtc.NVRTC_SUCCESS;
import static org.bytedeco.cuda.global.nvrtc.nvrtcCompileProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcCreateProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcDestroyProgram;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBIN;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetCUBINSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetErrorString;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetNumSupportedArchs;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetPTX;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetPTXSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLog;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetProgramLogSize;
import static org.bytedeco.cuda.global.nvrtc.nvrtcGetSupportedArchs;
import static org.bytedeco.cuda.global.nvrtc.nvrtcVersion;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/** NVIDIA's run-time compiler: CUDA C to machine code, or to PTX for a GPU that is newer than the compiler. */
final class Nvrtc implements KernelCompiler {
    @Override
    public String version() {
        int[] major = new int[1];
        int[] minor = new int[1];
        check(nvrtcVersion(major, minor), "nvrtcVersion");
        return major[0] + "." + minor[0];
    }

    @Override
    public byte[] compile(String name, String source, List<String> options, int architecture) {
        int newest = newestUpTo(architecture);
        boolean exact = newest == architecture;
        List<String> all = new ArrayList<>(options);
        all.add("--gpu-architecture=" + (exact ? machine(newest) : "compute_" + newest));
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer text = new BytePointer(source);
                BytePointer file = new BytePointer(name);
                PointerPointer<BytePointer> arguments = new PointerPointer<>(all.toArray(new String[0]))) {
            check(
                    nvrtcCreateProgram(program, text, file, 0, (PointerPointer<?>) null, (PointerPointer<?>) null),
                    "nvrtcCreateProgram");
            int status = nvrtcCompileProgram(program, all.size(), arguments);
            if (status != NVRTC_SUCCESS) {
                throw new PolyglowException(
                        ErrorKind.BUG, "NVRTC " + version() + " rejects " + name + " " + all + ":\n" + log(program));
            }
            return exact ? machineCode(program) : ptx(program);
        } finally {
            nvrtcDestroyProgram(program);
        }
    }

    /** With what only this architecture has, since the first that has something: the code is for the GPU present and no other. */
    private static String machine(int architecture) {
        return "sm_" + architecture + (architecture >= 90 ? "a" : "");
    }

    private static int newestUpTo(int architecture) {
        int[] count = new int[1];
        check(nvrtcGetNumSupportedArchs(count), "nvrtcGetNumSupportedArchs");
        int[] all = new int[count[0]];
        check(nvrtcGetSupportedArchs(all), "nvrtcGetSupportedArchs");
        return Arrays.stream(all)
                .filter(each -> each <= architecture)
                .max()
                .orElseThrow(() -> new PolyglowException(
                        ErrorKind.ENVIRONMENT,
                        "this NVRTC compiles for sm_" + all[0] + " and newer, the GPU is sm_" + architecture));
    }

    private static byte[] machineCode(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtcGetCUBINSize(program, size), "nvrtcGetCUBINSize");
            byte[] code = new byte[Math.toIntExact(size.get())];
            check(nvrtcGetCUBIN(program, code), "nvrtcGetCUBIN");
            return code;
        }
    }

    private static byte[] ptx(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtcGetPTXSize(program, size), "nvrtcGetPTXSize");
            byte[] code = new byte[Math.toIntExact(size.get())];
            check(nvrtcGetPTX(program, code), "nvrtcGetPTX");
            return code;
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            check(nvrtcGetProgramLogSize(program, size), "nvrtcGetProgramLogSize");
            try (BytePointer text = new BytePointer(size.get())) {
                check(nvrtcGetProgramLog(program, text), "nvrtcGetProgramLog");
                return text.getString();
            }
        }
    }

    private static void check(int status, String what) {
        if (status != NVRTC_SUCCESS) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    what + " failed: " + nvrtcGetErrorString(status).getString());
        }
    }
}
