package io.polyglow.trainer.kernels;

import static io.polyglow.trainer.kernels.ReferenceEngine.arenaOf;

import io.polyglow.trainer.tensor.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The definition of every kernel: load the operands as doubles, do the naive loops in double, round once at the store. It allocates
 * on each call and uses one thread; its only virtue is that it is easy to believe. Legend of the dims: {@link Kernels}.
 */
final class ReferenceKernels implements Kernels {
    /** Elements per piece of a flat operation, so that buffers of any length fit. */
    private static final int PIECE = 1 << 16;

    private static final double GELU_SCALE = Math.sqrt(2 / Math.PI);
    private static final double GELU_CUBIC = 0.044715;

    @Override
    public void fill(Tensor out, double value) {
        double[] piece = new double[(int) Math.min(PIECE, out.size())];
        Arrays.fill(piece, value);
        for (long i = 0; i < out.size(); i += PIECE) {
            store(piece(out, i), piece);
        }
    }

    @Override
    public void copy(Tensor out, Tensor x) {
        KernelChecks.copy(out, x);
        for (long i = 0; i < out.size(); i += PIECE) {
            store(piece(out, i), load(piece(x, i)));
        }
    }

    @Override
    public void add(Tensor out, Tensor x) {
        KernelChecks.add(out, x);
        for (long i = 0; i < out.size(); i += PIECE) {
            accumulate(piece(out, i), load(piece(x, i)));
        }
    }

    @Override
    public void embedding(
            Tensor out,
            Tensor tokens,
            Tensor tokenTable,
            @Nullable Tensor positionTable,
            int timeSteps,
            int firstPosition) {
        KernelChecks.embedding(out, tokens, tokenTable, positionTable, timeSteps, firstPosition);
        int N = dim(out, 0), C = dim(out, 1), V = dim(tokenTable, 0);
        double[] y = new double[N * C], ids = load(tokens), table = load(tokenTable);
        double[] positions = positionTable == null ? new double[(firstPosition + timeSteps) * C] : load(positionTable);
        for (int n = 0; n < N; n++) {
            int token = id(ids[n], V);
            int position = firstPosition + n % timeSteps;
            for (int c = 0; c < C; c++) {
                y[n * C + c] = table[token * C + c] + positions[position * C + c];
            }
        }
        store(out, y);
    }

    @Override
    public void embeddingBackward(
            @Nullable Tensor dTokenTable, @Nullable Tensor dPositionTable, Tensor tokens, Tensor dOut, int timeSteps) {
        KernelChecks.embeddingBackward(dTokenTable, dPositionTable, tokens, dOut, timeSteps);
        int N = dim(dOut, 0), C = dim(dOut, 1);
        double[] ids = load(tokens), dy = load(dOut);
        if (dTokenTable != null) {
            double[] dTable = load(dTokenTable);
            for (int n = 0; n < N; n++) {
                addRow(dTable, id(ids[n], dim(dTokenTable, 0)), dy, n, C);
            }
            store(dTokenTable, dTable);
        }
        if (dPositionTable != null) {
            double[] dTable = load(dPositionTable);
            for (int n = 0; n < N; n++) {
                addRow(dTable, n % timeSteps, dy, n, C);
            }
            store(dPositionTable, dTable);
        }
    }

    private static int id(double token, int V) {
        if (token < 0 || token >= V) {
            throw new IllegalArgumentException("token " + (long) token + " is outside the vocabulary [0, " + V + ")");
        }
        return (int) token;
    }

    private static void addRow(double[] table, int row, double[] rows, int n, int C) {
        for (int c = 0; c < C; c++) {
            table[row * C + c] += rows[n * C + c];
        }
    }

    @Override
    public void linear(
            Tensor out, Tensor x, Tensor w, WeightLayout layout, @Nullable Tensor bias, @Nullable Tensor residual) {
        KernelChecks.linear(out, x, w, layout, bias, residual);
        int N = dim(out, 0), O = outputs(w, layout), I = dim(x, 1);
        double[] y = residual == null ? new double[N * O] : load(residual);
        multiplyAdd(y, load(x), loadInOut(w, layout), N, I, O);
        if (bias != null) {
            double[] b = load(bias);
            for (int n = 0; n < N; n++) {
                addRow(y, n, b, 0, O);
            }
        }
        store(out, dim(out, 1) == O ? y : padded(load(out), y, N, O));
    }

    private static int outputs(Tensor w, WeightLayout layout) {
        return dim(w, layout == WeightLayout.OUT_IN ? 0 : 1);
    }

    /** The rows of {@code values[N, O]} put at the start of the longer rows of {@code out}. */
    private static double[] padded(double[] out, double[] values, int N, int O) {
        for (int n = 0; n < N; n++) {
            System.arraycopy(values, n * O, out, n * (out.length / N), O);
        }
        return out;
    }

    /** The first O columns of a tensor. */
    private static double[] loadColumns(Tensor tensor, int O) {
        int N = dim(tensor, 0), ld = dim(tensor, 1);
        double[] all = load(tensor), values = new double[N * O];
        for (int n = 0; n < N; n++) {
            System.arraycopy(all, n * ld, values, n * O, O);
        }
        return values;
    }

    @Override
    public void linearBackwardInput(Tensor dX, Tensor dOut, Tensor w, WeightLayout layout) {
        KernelChecks.linearBackwardInput(dX, dOut, w, layout);
        int N = dim(dX, 0), I = dim(dX, 1), O = outputs(w, layout);
        double[] dx = new double[N * I];
        multiplyAdd(dx, loadColumns(dOut, O), transposed(loadInOut(w, layout), I, O), N, O, I);
        store(dX, dx);
    }

    @Override
    public void linearBackwardWeight(
            Tensor dW, @Nullable Tensor dBias, Tensor x, Tensor dOut, WeightLayout layout, boolean accumulate) {
        KernelChecks.linearBackwardWeight(dW, dBias, x, dOut, layout);
        int N = dim(x, 0), I = dim(x, 1), O = outputs(dW, layout);
        double[] dy = loadColumns(dOut, O), dw = accumulate ? load(dW) : new double[I * O];
        if (layout == WeightLayout.OUT_IN) {
            multiplyAdd(dw, transposed(dy, N, O), load(x), O, N, I);
        } else {
            multiplyAdd(dw, transposed(load(x), N, I), dy, I, N, O);
        }
        store(dW, dw);
        if (dBias != null) {
            sumRows(dBias, dy, N, accumulate);
        }
    }

    @Override
    public void sumRows(Tensor out, Tensor x, boolean accumulate) {
        KernelChecks.sumRows(out, x);
        sumRows(out, load(x), dim(x, 0), accumulate);
    }

    private static void sumRows(Tensor out, double[] x, int N, boolean accumulate) {
        int C = dim(out, 0);
        double[] sums = accumulate ? load(out) : new double[C];
        for (int n = 0; n < N; n++) {
            addRow(sums, 0, x, n, C);
        }
        store(out, sums);
    }

    private static double[] loadInOut(Tensor w, WeightLayout layout) {
        double[] values = load(w);
        return layout == WeightLayout.IN_OUT ? values : transposed(values, dim(w, 0), dim(w, 1));
    }

    /** {@code c[M, N] += a[M, K] b[K, N]}. */
    private static void multiplyAdd(double[] c, double[] a, double[] b, int M, int K, int N) {
        for (int m = 0; m < M; m++) {
            for (int k = 0; k < K; k++) {
                double factor = a[m * K + k];
                for (int n = 0; n < N; n++) {
                    c[m * N + n] += factor * b[k * N + n];
                }
            }
        }
    }

    private static double[] transposed(double[] matrix, int rows, int columns) {
        double[] result = new double[matrix.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                result[c * rows + r] = matrix[r * columns + c];
            }
        }
        return result;
    }

    @Override
    public void layerNorm(
            Tensor out, Tensor mean, Tensor rstd, Tensor x, Tensor gamma, @Nullable Tensor beta, double epsilon) {
        KernelChecks.norm(out, mean, rstd, x, gamma, beta);
        int N = dim(x, 0), C = dim(x, 1);
        double[] values = load(x), means = new double[N], rstds = new double[N];
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int c = 0; c < C; c++) {
                sum += values[n * C + c];
            }
            means[n] = sum / C;
            double squares = 0;
            for (int c = 0; c < C; c++) {
                double centred = values[n * C + c] - means[n];
                squares += centred * centred;
            }
            rstds[n] = 1 / Math.sqrt(squares / C + epsilon);
        }
        store(mean, means);
        store(rstd, rstds);
        store(out, scaled(values, means, rstds, load(gamma), beta == null ? new double[C] : load(beta)));
    }

    @Override
    public void layerNormBackward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            Tensor mean,
            Tensor rstd) {
        KernelChecks.normBackward(dX, dGamma, dBeta, dOut, x, gamma, mean, rstd);
        normBackward(dX, dGamma, dBeta, dOut, x, gamma, load(mean), rstd, true);
    }

    @Override
    public void rmsNorm(Tensor out, Tensor rstd, Tensor x, Tensor gamma, double epsilon) {
        KernelChecks.norm(out, null, rstd, x, gamma, null);
        int N = dim(x, 0), C = dim(x, 1);
        double[] values = load(x), rstds = new double[N];
        for (int n = 0; n < N; n++) {
            double squares = 0;
            for (int c = 0; c < C; c++) {
                squares += values[n * C + c] * values[n * C + c];
            }
            rstds[n] = 1 / Math.sqrt(squares / C + epsilon);
        }
        store(rstd, rstds);
        store(out, scaled(values, new double[N], rstds, load(gamma), new double[C]));
    }

    @Override
    public void rmsNormBackward(Tensor dX, Tensor dGamma, Tensor dOut, Tensor x, Tensor gamma, Tensor rstd) {
        KernelChecks.normBackward(dX, dGamma, null, dOut, x, gamma, null, rstd);
        normBackward(dX, dGamma, null, dOut, x, gamma, new double[dim(x, 0)], rstd, false);
    }

    private static double[] scaled(double[] x, double[] mean, double[] rstd, double[] gamma, double[] beta) {
        int C = gamma.length;
        double[] y = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (x[i] - mean[i / C]) * rstd[i / C] * gamma[i % C] + beta[i % C];
        }
        return y;
    }

    /** With {@code xhat = (x - mean) rstd} and {@code g = dOut gamma}: {@code dX += rstd (g - [mean(g)] - xhat mean(g xhat))}. */
    private static void normBackward(
            Tensor dX,
            Tensor dGamma,
            @Nullable Tensor dBeta,
            Tensor dOut,
            Tensor x,
            Tensor gamma,
            double[] mean,
            Tensor rstd,
            boolean centred) {
        int N = dim(x, 0), C = dim(x, 1);
        double[] xs = load(x), dy = load(dOut), scale = load(gamma), r = load(rstd);
        double[] dx = load(dX), dScale = load(dGamma), dShift = new double[C];
        for (int n = 0; n < N; n++) {
            double meanG = 0, meanGX = 0;
            for (int c = 0, i = n * C; c < C; c++, i++) {
                double xhat = (xs[i] - mean[n]) * r[n];
                meanG += dy[i] * scale[c] / C;
                meanGX += dy[i] * scale[c] * xhat / C;
                dScale[c] += dy[i] * xhat;
                dShift[c] += dy[i];
            }
            for (int c = 0, i = n * C; c < C; c++, i++) {
                double xhat = (xs[i] - mean[n]) * r[n];
                dx[i] += r[n] * (dy[i] * scale[c] - (centred ? meanG : 0) - xhat * meanGX);
            }
        }
        store(dX, dx);
        store(dGamma, dScale);
        if (dBeta != null) {
            accumulate(dBeta, dShift);
        }
    }

    @Override
    public void gelu(Tensor out, Tensor x) {
        KernelChecks.elementwise(out, x);
        double[] y = load(x);
        for (int i = 0; i < y.length; i++) {
            y[i] = 0.5 * y[i] * (1 + geluTanh(y[i]));
        }
        store(out, y);
    }

    @Override
    public void geluBackward(Tensor dX, Tensor dOut, Tensor x) {
        KernelChecks.elementwise(dX, x);
        KernelChecks.elementwise(dX, dOut);
        double[] xs = load(x), dx = load(dOut);
        for (int i = 0; i < xs.length; i++) {
            double t = geluTanh(xs[i]);
            double inner = GELU_SCALE * (1 + 3 * GELU_CUBIC * xs[i] * xs[i]);
            dx[i] *= 0.5 * (1 + t) + 0.5 * xs[i] * (1 - t * t) * inner;
        }
        store(dX, dx);
    }

    private static double geluTanh(double x) {
        return Math.tanh(GELU_SCALE * (x + GELU_CUBIC * x * x * x));
    }

    @Override
    public void swiglu(Tensor out, Tensor gateUp) {
        KernelChecks.swiglu(out, gateUp);
        int N = dim(out, 0), F = dim(out, 1);
        double[] y = new double[N * F], x = load(gateUp);
        for (int n = 0; n < N; n++) {
            for (int f = 0; f < F; f++) {
                double gate = x[n * 2 * F + f];
                y[n * F + f] = gate * sigmoid(gate) * x[n * 2 * F + F + f];
            }
        }
        store(out, y);
    }

    @Override
    public void swigluBackward(Tensor dGateUp, Tensor dOut, Tensor gateUp) {
        KernelChecks.swiglu(dOut, gateUp);
        KernelChecks.swiglu(dOut, dGateUp);
        int N = dim(dOut, 0), F = dim(dOut, 1);
        double[] dx = new double[2 * N * F], dy = load(dOut), x = load(gateUp);
        for (int n = 0; n < N; n++) {
            for (int f = 0; f < F; f++) {
                int g = n * 2 * F + f, u = g + F;
                double s = sigmoid(x[g]);
                dx[g] = dy[n * F + f] * x[u] * s * (1 + x[g] * (1 - s));
                dx[u] = dy[n * F + f] * x[g] * s;
            }
        }
        store(dGateUp, dx);
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    @Override
    public void rope(Tensor qkv, AttentionShape shape, int firstPosition, double theta, boolean inverse) {
        KernelChecks.rope(qkv, shape, firstPosition);
        int N = dim(qkv, 0), R = shape.qkvChannels(), D = shape.headDim();
        double[] x = load(qkv);
        for (int n = 0; n < N; n++) {
            int position = firstPosition + n % shape.time();
            for (int h = 0; h < shape.heads() + shape.kvHeads(); h++) {
                for (int i = 0; i < D / 2; i++) {
                    double angle = position * Math.pow(theta, -2.0 * i / D) * (inverse ? -1 : 1);
                    turn(x, n * R + h * D + i, n * R + h * D + i + D / 2, angle);
                }
            }
        }
        store(qkv, x);
    }

    private static void turn(double[] x, int a, int b, double angle) {
        double cos = Math.cos(angle), sin = Math.sin(angle), xa = x[a], xb = x[b];
        x[a] = xa * cos - xb * sin;
        x[b] = xb * cos + xa * sin;
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor qkv, @Nullable Tensor firstKeys, AttentionShape shape) {
        KernelChecks.attention(out, logSumExp, qkv, firstKeys, shape);
        double[][] result = ReferenceAttention.forward(load(qkv), firstKeys(firstKeys, shape), shape);
        store(out, result[0]);
        store(logSumExp, result[1]);
    }

    @Override
    public void attentionBackward(
            Tensor dQkv,
            Tensor dOut,
            Tensor out,
            Tensor logSumExp,
            Tensor qkv,
            @Nullable Tensor firstKeys,
            AttentionShape shape) {
        KernelChecks.attentionBackward(dQkv, dOut, out, logSumExp, qkv, firstKeys, shape);
        int[] first = firstKeys(firstKeys, shape);
        store(dQkv, ReferenceAttention.backward(load(dOut), load(out), load(logSumExp), load(qkv), first, shape));
    }

    private int[] firstKeys(@Nullable Tensor tensor, AttentionShape shape) {
        int[] first = new int[shape.batch() * shape.time()];
        if (tensor != null) {
            double[] values = load(tensor);
            for (int n = 0; n < first.length; n++) {
                int t = n % shape.time();
                int least = t == 0 ? 0 : first[n - 1];
                if (values[n] < least || values[n] > t) {
                    throw new IllegalArgumentException(
                            "firstKeys[" + n + "] is " + values[n] + ", expected in [" + least + ", " + t + "]");
                }
                first[n] = (int) values[n];
            }
        }
        return first;
    }

    @Override
    public void attentionCached(
            Tensor out,
            Tensor keyCache,
            Tensor valueCache,
            Tensor qkv,
            AttentionShape shape,
            int firstPosition,
            int window) {
        KernelChecks.attentionCached(out, keyCache, valueCache, qkv, shape, firstPosition, window);
        double[] rows = load(qkv), keys = load(keyCache), values = load(valueCache);
        int P = dim(keyCache, 1);
        ReferenceAttention.append(keys, values, P, rows, shape, firstPosition);
        store(keyCache, keys);
        store(valueCache, values);
        store(out, ReferenceAttention.cached(rows, keys, values, P, shape, firstPosition, window));
    }

    @Override
    public void softmaxCrossEntropy(Tensor loss, Tensor logits, Tensor targets, int classes, double gradScale) {
        KernelChecks.softmaxCrossEntropy(loss, logits, targets, classes);
        int N = dim(logits, 0), V = dim(logits, 1);
        double[] x = load(logits), ids = load(targets), losses = new double[N];
        for (int n = 0; n < N; n++) {
            int target = ids[n] == -1 ? -1 : id(ids[n], classes);
            double logSumExp = logSumExp(x, n * V, classes);
            losses[n] = target < 0 ? 0 : logSumExp - x[n * V + target];
            for (int v = 0; v < V; v++) {
                double probability = v < classes && target >= 0 ? Math.exp(x[n * V + v] - logSumExp) : 0;
                x[n * V + v] = gradScale * (probability - (v == target ? 1 : 0));
            }
        }
        store(loss, losses);
        if (gradScale != 0) {
            store(logits, x);
        }
    }

    /** {@code log(sum(exp(x[from ... from + count))))}, shifted by the maximum so that it does not overflow. */
    static double logSumExp(double[] x, int from, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            max = Math.max(max, x[i]);
        }
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += Math.exp(x[i] - max);
        }
        return max + Math.log(sum);
    }

    @Override
    public void sumOfSquares(Tensor out, Tensor x, long blockSize) {
        KernelChecks.sumOfSquares(out, x, blockSize);
        double[] sums = new double[dim(out, 0)];
        for (long i = 0; i < x.size(); i += PIECE) {
            double[] values = load(piece(x, i));
            for (int j = 0; j < values.length; j++) {
                sums[(int) ((i + j) / blockSize)] += values[j] * values[j];
            }
        }
        store(out, sums);
    }

    @Override
    public void adamW(AdamWStep step, Tensor w, Tensor m, Tensor v, Tensor g, @Nullable Tensor copy) {
        KernelChecks.adamW(w, m, v, g, copy);
        for (long i = 0; i < w.size(); i += PIECE) {
            adamWPiece(step, piece(w, i), piece(m, i), piece(v, i), piece(g, i));
        }
        if (copy != null) {
            copy(copy, w);
        }
    }

    private static void adamWPiece(AdamWStep s, Tensor w, Tensor m, Tensor v, Tensor g) {
        double[] ws = load(w), ms = load(m), vs = load(v), gs = load(g);
        for (int i = 0; i < ws.length; i++) {
            double gradient = gs[i] * s.gradScale();
            ms[i] = s.beta1() * ms[i] + (1 - s.beta1()) * gradient;
            vs[i] = s.beta2() * vs[i] + (1 - s.beta2()) * gradient * gradient;
            double update = ms[i] / s.correction1() / (Math.sqrt(vs[i] / s.correction2()) + s.epsilon());
            ws[i] -= s.learningRate() * (update + s.weightDecay() * ws[i]);
        }
        store(w, ws);
        store(m, ms);
        store(v, vs);
    }

    private static int dim(Tensor tensor, int axis) {
        return Math.toIntExact(tensor.dim(axis));
    }

    private static Tensor piece(Tensor tensor, long from) {
        return tensor.slice(from, Math.min(PIECE, tensor.size() - from));
    }

    private static double[] load(Tensor tensor) {
        double[] values = new double[Math.toIntExact(tensor.size())];
        arenaOf(tensor).load(tensor.offset(), tensor.dtype(), values, values.length);
        return values;
    }

    private static void store(Tensor tensor, double[] values) {
        arenaOf(tensor).store(tensor.offset(), tensor.dtype(), values, Math.toIntExact(tensor.size()));
    }

    private static void accumulate(Tensor tensor, double[] values) {
        double[] sum = load(tensor);
        for (int i = 0; i < sum.length; i++) {
            sum[i] += values[i];
        }
        store(tensor, sum);
    }
}
