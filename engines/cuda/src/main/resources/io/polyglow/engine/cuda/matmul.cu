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
