package io.polyglow.benchmarks.libtorch;

import io.polyglow.benchmarks.PeerModel;
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
    private final List<Trained> all = new ArrayList<>();

    /**
     * A parameter.
     *
     * @param transposed whether the tensor is {@code [out, in]} where the file has {@code [in, out]}
     */
    record Trained(String name, Tensor tensor, boolean transposed) {
        /** Its gradient in the shape of the file. */
        float[] gradient() {
            Tensor gradient = transposed ? tensor.grad().t() : tensor.grad();
            float[] values = new float[Math.toIntExact(gradient.numel())];
            gradient.contiguous().data_ptr_float().get(values);
            return values;
        }
    }

    Parameters(Weights weights) {
        this.weights = weights;
    }

    /** Every parameter that was made. */
    List<Trained> all() {
        return Collections.unmodifiableList(all);
    }

    /** The parameter of this name, as it is stored. */
    Tensor get(String name) {
        return trained(name, read(name), false);
    }

    /** A matrix that is stored as {@code [in, out]}, as {@code [out, in]}. */
    Tensor transposed(String name) {
        return trained(name, read(name).t().contiguous(), true);
    }

    private Tensor read(String name) {
        Weights.Tensor stored = weights.get(name);
        Tensor tensor = torch.empty(stored.shape());
        try (FloatPointer values = tensor.data_ptr_float()) {
            stored.read(values.capacity(tensor.numel()).asByteBuffer());
        }
        return tensor;
    }

    private Tensor trained(String name, Tensor tensor, boolean transposed) {
        tensor.requires_grad_(true);
        all.add(new Trained(name, tensor, transposed));
        return tensor;
    }

    /** {@code [samples, context]} inputs ({@code first} 0) or targets ({@code first} 1). */
    static Tensor ids(int[][] samples, int first) {
        int[] flat = PeerModel.column(samples, first);
        return torch.tensor(flat, new TensorOptions(ScalarType.Long)).reshape(samples.length, -1);
    }
}
