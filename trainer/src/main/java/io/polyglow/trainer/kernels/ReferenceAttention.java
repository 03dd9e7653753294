package io.polyglow.trainer.kernels;

/**
 * Causal attention over arrays of doubles, one query row at a time. Legend of the dims: {@link AttentionShape}; {@code first[B*T]} is the first key that a
 * row sees, counted within its sequence.
 */
final class ReferenceAttention {
    private ReferenceAttention() {}

    /** Returns {@code out[B*T, H*D]} and {@code logSumExp[B, H, T]}. */
    static double[][] forward(double[] qkv, int[] first, AttentionShape s) {
        double[] out = new double[s.batch() * s.time() * s.channels()];
        double[] logSumExp = new double[s.batch() * s.heads() * s.time()];
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                for (int t = 0; t < s.time(); t++) {
                    double[] scores = new double[t + 1];
                    int from = first[b * s.time() + t];
                    for (int j = from; j <= t; j++) {
                        scores[j] = score(qkv, s, b, h, t, j);
                    }
                    double lse = ReferenceKernels.logSumExp(scores, from, t + 1 - from);
                    logSumExp[(b * s.heads() + h) * s.time() + t] = lse;
                    for (int j = from; j <= t; j++) {
                        axpy(out, out(s, b, t, h), Math.exp(scores[j] - lse), qkv, value(s, b, j, h), s.headDim());
                    }
                }
            }
        }
        return new double[][] {out, logSumExp};
    }

    /** With probabilities p: {@code dV += p dOut}, {@code dS = p (dOut . v - dOut . out)}, {@code dQ += dS k}, {@code dK += dS q}. */
    static double[] backward(
            double[] dOut, double[] out, double[] logSumExp, double[] qkv, int[] first, AttentionShape s) {
        int D = s.headDim();
        double[] dQkv = new double[qkv.length];
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                for (int t = 0; t < s.time(); t++) {
                    int row = out(s, b, t, h);
                    double lse = logSumExp[(b * s.heads() + h) * s.time() + t];
                    double delta = dot(dOut, row, out, row, D);
                    for (int j = first[b * s.time() + t]; j <= t; j++) {
                        double p = Math.exp(score(qkv, s, b, h, t, j) - lse);
                        double dScore = p * (dot(dOut, row, qkv, value(s, b, j, h), D) - delta) * scale(s);
                        axpy(dQkv, value(s, b, j, h), p, dOut, row, D);
                        axpy(dQkv, query(s, b, t, h), dScore, qkv, key(s, b, j, h), D);
                        axpy(dQkv, key(s, b, j, h), dScore, qkv, query(s, b, t, h), D);
                    }
                }
            }
        }
        return dQkv;
    }

    /** Copies the new keys and values into caches {@code [B, P, K*D]}. */
    static void append(double[] keys, double[] values, int P, double[] qkv, AttentionShape s, int firstPosition) {
        int width = s.kvHeads() * s.headDim();
        for (int b = 0; b < s.batch(); b++) {
            for (int t = 0; t < s.time(); t++) {
                int to = (b * P + firstPosition + t) * width;
                System.arraycopy(qkv, key(s, b, t, 0), keys, to, width);
                System.arraycopy(qkv, value(s, b, t, 0), values, to, width);
            }
        }
    }

    /** Attention of the rows of {@code qkv} over caches that already hold their own keys and values. */
    static double[] cached(
            double[] qkv, double[] keys, double[] values, int P, AttentionShape s, int firstPosition, int window) {
        int D = s.headDim(), width = s.kvHeads() * D;
        double[] out = new double[s.batch() * s.time() * s.channels()];
        for (int b = 0; b < s.batch(); b++) {
            for (int h = 0; h < s.heads(); h++) {
                int head = kvHead(s, h) * D;
                for (int t = 0; t < s.time(); t++) {
                    int count = firstPosition + t + 1;
                    double[] scores = new double[count];
                    int from = AttentionShape.firstKey(count - 1, window);
                    for (int j = from; j < count; j++) {
                        int cacheRow = (b * P + j) * width + head;
                        scores[j] = dot(qkv, query(s, b, t, h), keys, cacheRow, D) * scale(s);
                    }
                    double lse = ReferenceKernels.logSumExp(scores, from, count - from);
                    for (int j = from; j < count; j++) {
                        int cacheRow = (b * P + j) * width + head;
                        axpy(out, out(s, b, t, h), Math.exp(scores[j] - lse), values, cacheRow, D);
                    }
                }
            }
        }
        return out;
    }

    private static double score(double[] qkv, AttentionShape s, int b, int h, int t, int j) {
        return dot(qkv, query(s, b, t, h), qkv, key(s, b, j, h), s.headDim()) * scale(s);
    }

    private static double scale(AttentionShape s) {
        return 1 / Math.sqrt(s.headDim());
    }

    private static int kvHead(AttentionShape s, int h) {
        return h / (s.heads() / s.kvHeads());
    }

    private static int query(AttentionShape s, int b, int t, int h) {
        return (b * s.time() + t) * s.qkvChannels() + h * s.headDim();
    }

    private static int key(AttentionShape s, int b, int t, int h) {
        return (b * s.time() + t) * s.qkvChannels() + (s.heads() + kvHead(s, h)) * s.headDim();
    }

    private static int value(AttentionShape s, int b, int t, int h) {
        return key(s, b, t, h) + s.kvHeads() * s.headDim();
    }

    private static int out(AttentionShape s, int b, int t, int h) {
        return (b * s.time() + t) * s.channels() + h * s.headDim();
    }

    private static double dot(double[] a, int i, double[] b, int j, int count) {
        double sum = 0;
        for (int c = 0; c < count; c++) {
            sum += a[i + c] * b[j + c];
        }
        return sum;
    }

    private static void axpy(double[] y, int i, double factor, double[] x, int j, int count) {
        for (int c = 0; c < count; c++) {
            y[i + c] += factor * x[j + c];
        }
    }
}
