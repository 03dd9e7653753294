package io.polyglow.benchmarks.libtorch;

import io.polyglow.benchmarks.Weights;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Makes tensors, and keeps those that are trained. */
final class Parameters {
    private final Weights weights;
    private final List<Tensor> all = new ArrayList<>();

    Parameters(Weights weights) {
        this.weights = weights;
    }

    /** Every parameter that was made. */
    List<Tensor> all() {
        return Collections.unmodifiableList(all);
    }

    /** The parameter of this name, as it is stored. */
    Tensor get(String name) {
        return trained(read(name));
    }

    /** A matrix that is stored as {@code [in, out]}, as {@code [out, in]}. */
    Tensor transposed(String name) {
        return trained(read(name).t().contiguous());
    }

    private Tensor read(String name) {
        Weights.Tensor tensor = weights.get(name);
        try (FloatPointer mapped = new FloatPointer(tensor.values())) {
            return torch.from_blob(mapped, tensor.shape()).clone();
        }
    }

    private Tensor trained(Tensor tensor) {
        tensor.requires_grad_(true);
        all.add(tensor);
        return tensor;
    }

    /** {@code [rows, length]} ids, from column {@code first} of each row. */
    static Tensor ids(int[][] rows, int first, int length) {
        long[] flat = new long[rows.length * length];
        for (int row = 0; row < rows.length; row++) {
            for (int i = 0; i < length; i++) {
                flat[row * length + i] = rows[row][first + i];
            }
        }
        return torch.tensor(flat, new TensorOptions(ScalarType.Long)).reshape(rows.length, length);
    }
}
