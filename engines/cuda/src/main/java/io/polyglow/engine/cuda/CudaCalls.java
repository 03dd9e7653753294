package io.polyglow.engine.cuda;

import static org.bytedeco.cuda.global.cudart.CUDA_SUCCESS;
import static org.bytedeco.cuda.global.cudart.cuGetErrorName;
import static org.bytedeco.cuda.global.cudart.cuGetErrorString;

import io.polyglow.common.error.ErrorKind;
import io.polyglow.common.error.PolyglowException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** Turns the status of driver calls into errors that a person can act on. */
final class CudaCalls {
    private CudaCalls() {}

    /** Throws unless {@code status} is success; {@code what} names the call. */
    static void check(int status, String what) {
        if (status != CUDA_SUCCESS) {
            throw new PolyglowException(
                    ErrorKind.ENVIRONMENT,
                    "the GPU driver failed in " + what + ": " + describe(status)
                            + "; if other programs use this GPU, check it with nvidia-smi, then resume from the last checkpoint");
        }
    }

    /** Name and text of a driver error. */
    static String describe(int status) {
        try (PointerPointer<BytePointer> name = new PointerPointer<>(1);
                PointerPointer<BytePointer> text = new PointerPointer<>(1)) {
            if (cuGetErrorName(status, name) != CUDA_SUCCESS || cuGetErrorString(status, text) != CUDA_SUCCESS) {
                return "error " + status;
            }
            return name.get(BytePointer.class).getString() + " ("
                    + text.get(BytePointer.class).getString() + ")";
        }
    }
}
