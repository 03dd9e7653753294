// c[m, n] = sum over k of a[m, k] b[k, n] (+ c[m, n] when accumulating, + bias[n]) for the shapes that cuBLASLt refuses; any strides.
// One thread an element, tiles of 16 x 16 in shared memory: grid (n / 16, m / 16), block (16, 16).

template <typename X, typename Y>
__device__ __forceinline__ void multiply(
        Y* c, const X* a, const X* b, const float* bias, const float* residual, int M, int N, int K, long long aRow, long long aColumn,
        long long bRow, long long bColumn, long long ldC, int accumulate) {
    __shared__ float left[16][17], right[16][17];
    int x = threadIdx.x, y = threadIdx.y;
    int n = blockIdx.x * 16 + x, m = blockIdx.y * 16 + y;
    float sum = 0.0f;
    for (int from = 0; from < K; from += 16) {
        left[y][x] = m < M && from + x < K ? toFloat(a[m * aRow + (from + x) * aColumn]) : 0.0f;
        right[y][x] = n < N && from + y < K ? toFloat(b[(from + y) * bRow + n * bColumn]) : 0.0f;
        __syncthreads();
#pragma unroll
        for (int k = 0; k < 16; k++) {
            sum += left[y][k] * right[k][x];
        }
        __syncthreads();
    }
    if (m < M && n < N) {
        if (bias) {
            sum += bias[n];
        }
        if (residual) {
            sum += residual[(long long) m * N + n];
        }
        Y* out = c + m * ldC + n;
        *out = fromFloat<Y>(accumulate ? toFloat(*out) + sum : sum);
    }
}

#define MATMUL(NAME, X, Y)                                                                                                       \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            Y* c, const X* a, const X* b, const float* bias, const float* residual, int M, int N, int K, long long aRow,         \
            long long aColumn, long long bRow, long long bColumn, long long ldC, int accumulate) {                               \
        multiply(c, a, b, bias, residual, M, N, K, aRow, aColumn, bRow, bColumn, ldC, accumulate);                               \
    }

MATMUL(matmul_f32_f32, float, float)
MATMUL(matmul_bf16_f32, bf16, float)
MATMUL(matmul_bf16_bf16, bf16, bf16)

// out[n, o] = dot product of x[n, :] and w[o, :] for a few o; rows of out are ld apart. One warp a row: grid N / 8, block (32, 8).
extern "C" __global__ void __launch_bounds__(256) row_dots_bf16(
        bf16* out, const bf16* x, const bf16* w, long long ld, int N, int I, int O) {
    long long n = (long long) blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) {
        return;
    }
    for (int o = 0; o < O; o++) {
        float sum = 0.0f;
        for (int i = threadIdx.x; i < I; i += WARP) {
            sum += toFloat(x[n * I + i]) * toFloat(w[(long long) o * I + i]);
        }
        sum = warpSum(sum);
        if (threadIdx.x == 0) {
            out[n * ld + o] = fromFloat<bf16>(sum);
        }
    }
}

// out[n, i] = sum[n, i] + sum over a few o of g[n, o] w[o, i], rounded once; rows of g are ld apart. Grid N I / 256.
extern "C" __global__ void __launch_bounds__(256) add_products_bf16(
        bf16* out, const float* sum, const bf16* g, const bf16* w, long long ld, int I, int O, long long count) {
    long long at = globalThread();
    if (at < count) {
        long long n = at / I, i = at % I;
        float y = sum[at];
        for (int o = 0; o < O; o++) {
            y += toFloat(g[n * ld + o]) * toFloat(w[o * (long long) I + i]);
        }
        out[at] = fromFloat<bf16>(y);
    }
}
