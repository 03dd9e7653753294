// Sums over rows, in two kernels and a fixed order: partial sums of runs of rows, then the sum of the partials onto the output.

// partial[p, c] = sum over the rows of run p of f(n, c); block (32, 8), grid (C / 256, P). f gives W neighbouring channels; a lane has 8 of them, or 8 single ones 32 apart.
template <int W, typename F>
__device__ __forceinline__ void columnPartials(float* partial, int C, int N, int rowsPerRun, F f) {
    constexpr int COLUMNS = WARP * 8;
    __shared__ float shared[8][COLUMNS];
    int lane = threadIdx.x, warp = threadIdx.y;
    int first = blockIdx.x * COLUMNS;
    float sum[8] = {};
    long long begin = (long long) blockIdx.y * rowsPerRun;
    long long end = begin + rowsPerRun < N ? begin + rowsPerRun : N;
#pragma unroll 4
    for (long long n = begin + warp; n < end; n += 8) {
#pragma unroll
        for (int i = 0; i < 8; i += W) {
            int c = first + (lane + i * WARP) * W;
            if (c < C) {
                Lanes<W> y = f(n, c);
#pragma unroll
                for (int j = 0; j < W; j++) {
                    sum[i + j] += y.x[j];
                }
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i += W) {
#pragma unroll
        for (int j = 0; j < W; j++) {
            shared[warp][(lane + i * WARP) * W + j] = sum[i + j];
        }
    }
    __syncthreads();
    int thread = warp * WARP + lane;
    if (first + thread < C) {
        float total = 0.0f;
#pragma unroll
        for (int w = 0; w < 8; w++) {
            total += shared[w][thread];
        }
        partial[(long long) blockIdx.y * C + first + thread] = total;
    }
}

#define TOTAL_WARPS 32

// out[c] += (or, unless accumulating, =) sum over p of partial[p, c], and second[c] that of the P rows after them; grid (C / 32, 2 or, without a second, 1), block (32, 32).
extern "C" __global__ void __launch_bounds__(1024) column_totals(float* out, float* second, const float* partial, int C, int P, int accumulate) {
    __shared__ float shared[TOTAL_WARPS][WARP];
    int c = blockIdx.x * WARP + threadIdx.x;
    float* to = blockIdx.y == 0 ? out : second;
    partial += (long long) blockIdx.y * P * C;
    float sum = 0.0f;
    if (c < C) {
        for (int p = threadIdx.y; p < P; p += TOTAL_WARPS) {
            sum += partial[(long long) p * C + c];
        }
    }
    shared[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && c < C) {
        float total = 0.0f;
#pragma unroll
        for (int w = 0; w < TOTAL_WARPS; w++) {
            total += shared[w][threadIdx.x];
        }
        to[c] = accumulate ? to[c] + total : total;
    }
}

// Sums of dOut (for biases); rows are ld apart.
template <typename T>
__device__ __forceinline__ void columnSums(float* partial, const T* dOut, long long ld, int C, int N, int rowsPerRun) {
    if (C % 8 == 0 && ld % 8 == 0 && aligned16(dOut)) {
        columnPartials<8>(partial, C, N, rowsPerRun, [&](long long n, int c) { return loadEight(dOut + n * ld + c); });
    } else {
        columnPartials<1>(partial, C, N, rowsPerRun, [&](long long n, int c) { return load<1>(dOut + n * ld + c); });
    }
}

extern "C" __global__ void __launch_bounds__(256) column_sums_f32(
        float* partial, const float* dOut, long long ld, int C, int N, int rowsPerRun) {
    columnSums(partial, dOut, ld, C, N, rowsPerRun);
}

extern "C" __global__ void __launch_bounds__(256) column_sums_bf16(
        float* partial, const bf16* dOut, long long ld, int C, int N, int rowsPerRun) {
    columnSums(partial, dOut, ld, C, N, rowsPerRun);
}

// Sums of the rows of x, each times its element of a column of g whose elements are ld apart: one row of a weight gradient.
extern "C" __global__ void __launch_bounds__(256) scaled_sums_bf16(
        float* partial, const bf16* x, const bf16* g, long long ld, int C, int N, int rowsPerRun) {
    columnPartials<1>(partial, C, N, rowsPerRun, [&](long long n, int c) {
        return Lanes<1>{{toFloat(g[n * ld]) * toFloat(x[n * C + c])}};
    });
}

// Sums of dOut xhat (for gamma), of rows of any size and alignment; a mean of null is 0.
template <typename T>
__device__ __forceinline__ void gammaSums(
        float* partial, const T* dOut, const float* x, const float* mean, const float* rstd, int C, int N, int rowsPerRun) {
    columnPartials<1>(partial, C, N, rowsPerRun, [&](long long n, int c) {
        float normed = (x[n * C + c] - (mean ? mean[n] : 0.0f)) * rstd[n];
        return Lanes<1>{{toFloat(dOut[n * C + c]) * normed}};
    });
}

extern "C" __global__ void __launch_bounds__(256) gamma_sums_f32(
        float* partial, const float* dOut, const float* x, const float* mean, const float* rstd, int C, int N, int rowsPerRun) {
    gammaSums(partial, dOut, x, mean, rstd, C, N, rowsPerRun);
}

extern "C" __global__ void __launch_bounds__(256) gamma_sums_bf16(
        float* partial, const bf16* dOut, const float* x, const float* mean, const float* rstd, int C, int N, int rowsPerRun) {
    gammaSums(partial, dOut, x, mean, rstd, C, N, rowsPerRun);
}

// GELU's gradient dX = dOut gelu'(x) and, as it is stored, its sums over rows: the gradient of the bias before GELU. dX may be dOut; C is a multiple of 8, all begin at multiples of 16 bytes.
template <typename T>
__device__ __forceinline__ void geluBackwardSums(float* partial, T* dX, const T* dOut, const T* x, int C, int N, int rowsPerRun) {
    columnPartials<8>(partial, C, N, rowsPerRun, [&](long long n, int c) {
        long long at = n * C + c;
        Eight v = loadEight(x + at), d = loadEight(dOut + at);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            d.x[j] = toFloat(fromFloat<T>(d.x[j] * geluSlope<T>(v.x[j])));
        }
        storeEight(dX + at, d);
        return d;
    });
}

extern "C" __global__ void __launch_bounds__(256) gelu_backward_sums_f32(
        float* partial, float* dX, const float* dOut, const float* x, int C, int N, int rowsPerRun) {
    geluBackwardSums(partial, dX, dOut, x, C, N, rowsPerRun);
}

extern "C" __global__ void __launch_bounds__(256) gelu_backward_sums_bf16(
        float* partial, bf16* dX, const bf16* dOut, const bf16* x, int C, int N, int rowsPerRun) {
    geluBackwardSums(partial, dX, dOut, x, C, N, rowsPerRun);
}
