// Layer normalisation (Ba et al. 2016) and root-mean-square normalisation (Zhang and Sennrich 2019); x, statistics and parameters f32.
// One warp a row, 8 rows a block of (32, 8): grid N / 8. The row stays in the L1 cache between passes.

// A lane has W neighbouring channels at a time: 8 where the rows are aligned, else 1.

template <typename T, bool CENTRED, int W>
__device__ __forceinline__ void normRow(
        T* out, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, float epsilon, int C) {
    int lane = threadIdx.x;
    float mu = 0.0f;
    if (CENTRED) {
        for (int c = lane * W; c < C; c += WARP * W) {
            Lanes<W> v = load<W>(x + c);
#pragma unroll
            for (int i = 0; i < W; i++) {
                mu += v.x[i];
            }
        }
        mu = warpSum(mu) / C;
    }
    float squares = 0.0f;
    for (int c = lane * W; c < C; c += WARP * W) {
        Lanes<W> v = load<W>(x + c);
#pragma unroll
        for (int i = 0; i < W; i++) {
            squares += (v.x[i] - mu) * (v.x[i] - mu);
        }
    }
    float scale = 1.0f / sqrtf(warpSum(squares) / C + epsilon);
    for (int c = lane * W; c < C; c += WARP * W) {
        Lanes<W> v = load<W>(x + c), g = load<W>(gamma + c);
#pragma unroll
        for (int i = 0; i < W; i++) {
            v.x[i] = (v.x[i] - mu) * scale * g.x[i] + (beta ? beta[c + i] : 0.0f);
        }
        store<W>(out + c, v);
    }
    if (lane == 0) {
        *rstd = scale;
        if (CENTRED) {
            *mean = mu;
        }
    }
}

template <typename T, bool CENTRED>
__device__ __forceinline__ void norm(
        T* out, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, float epsilon, int C, int N) {
    long long n = (long long) blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) {
        return;
    }
    if (C % 8 == 0 && aligned16(out) && aligned16(x) && aligned16(gamma)) {
        normRow<T, CENTRED, 8>(out + n * C, mean + n, rstd + n, x + n * C, gamma, beta, epsilon, C);
    } else {
        normRow<T, CENTRED, 1>(out + n * C, mean + n, rstd + n, x + n * C, gamma, beta, epsilon, C);
    }
}

#define NORM(NAME, T, CENTRED)                                                                                                   \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            T* out, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, float epsilon, int C, int N) { \
        norm<T, CENTRED>(out, mean, rstd, x, gamma, beta, epsilon, C, N);                                                        \
    }

NORM(layer_norm_f32, float, true)
NORM(layer_norm_bf16, bf16, true)
NORM(rms_norm_f32, float, false)
NORM(rms_norm_bf16, bf16, false)

// dX += rstd (g - mean(g) - xhat mean(g xhat)) with g = dOut gamma, xhat = (x - mean) rstd; without the centring, the first mean is absent.
template <typename T, bool CENTRED, int W>
__device__ __forceinline__ void normRowBackward(
        float* dX, const T* dOut, const float* x, const float* gamma, float mu, float scale, int C) {
    int lane = threadIdx.x;
    float sum = 0.0f, product = 0.0f;
    for (int c = lane * W; c < C; c += WARP * W) {
        Lanes<W> d = load<W>(dOut + c), g = load<W>(gamma + c), v = load<W>(x + c);
#pragma unroll
        for (int i = 0; i < W; i++) {
            float scaled = d.x[i] * g.x[i];
            sum += scaled;
            product += scaled * ((v.x[i] - mu) * scale);
        }
    }
    sum = CENTRED ? warpSum(sum) / C : 0.0f;
    product = warpSum(product) / C;
    for (int c = lane * W; c < C; c += WARP * W) {
        Lanes<W> d = load<W>(dOut + c), g = load<W>(gamma + c), v = load<W>(x + c), y = load<W>(dX + c);
#pragma unroll
        for (int i = 0; i < W; i++) {
            y.x[i] += scale * (d.x[i] * g.x[i] - sum - (v.x[i] - mu) * scale * product);
        }
        store<W>(dX + c, y);
    }
}

template <typename T, bool CENTRED>
__device__ __forceinline__ void normBackward(
        float* dX, const T* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C, int N) {
    long long n = (long long) blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) {
        return;
    }
    float mu = CENTRED ? mean[n] : 0.0f;
    if (C % 8 == 0 && aligned16(dX) && aligned16(dOut) && aligned16(x) && aligned16(gamma)) {
        normRowBackward<T, CENTRED, 8>(dX + n * C, dOut + n * C, x + n * C, gamma, mu, rstd[n], C);
    } else {
        normRowBackward<T, CENTRED, 1>(dX + n * C, dOut + n * C, x + n * C, gamma, mu, rstd[n], C);
    }
}

#define NORM_BACKWARD(NAME, T, CENTRED)                                                                                          \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            float* dX, const T* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C, int N) {  \
        normBackward<T, CENTRED>(dX, dOut, x, gamma, mean, rstd, C, N);                                                          \
    }

NORM_BACKWARD(layer_norm_backward_f32, float, true)
NORM_BACKWARD(layer_norm_backward_bf16, bf16, true)
NORM_BACKWARD(rms_norm_backward_f32, float, false)
NORM_BACKWARD(rms_norm_backward_bf16, bf16, false)

// Sums over rows, in two kernels and a fixed order: partial sums of runs of rows, then the sum of the partials onto the output.

// partial[p, c] = sum over the rows of run p of f(n, c); block (32, 8), grid (C / 128, P). A lane has 4 channels, 32 apart.
template <typename F>
__device__ __forceinline__ void columnPartials(float* partial, int C, int N, int rowsPerRun, F f) {
    __shared__ float shared[8][128];
    int lane = threadIdx.x, warp = threadIdx.y;
    int first = blockIdx.x * 128;
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    long long begin = (long long) blockIdx.y * rowsPerRun;
    long long end = begin + rowsPerRun < N ? begin + rowsPerRun : N;
#pragma unroll 4
    for (long long n = begin + warp; n < end; n += 8) {
#pragma unroll
        for (int i = 0; i < 4; i++) {
            int c = first + lane + i * WARP;
            if (c < C) {
                sum[i] += f(n, c);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        shared[warp][lane + i * WARP] = sum[i];
    }
    __syncthreads();
    int thread = warp * WARP + lane;
    if (thread < 128 && first + thread < C) {
        float total = 0.0f;
#pragma unroll
        for (int w = 0; w < 8; w++) {
            total += shared[w][thread];
        }
        partial[(long long) blockIdx.y * C + first + thread] = total;
    }
}

// out[c] += sum over p of partial[p, c]; grid C / 32, block (32, 8).
extern "C" __global__ void __launch_bounds__(256) column_totals(float* out, const float* partial, int C, int P) {
    __shared__ float shared[8][WARP];
    int c = blockIdx.x * WARP + threadIdx.x;
    float sum = 0.0f;
    if (c < C) {
        for (int p = threadIdx.y; p < P; p += 8) {
            sum += partial[(long long) p * C + c];
        }
    }
    shared[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y == 0 && c < C) {
        float total = 0.0f;
#pragma unroll
        for (int w = 0; w < 8; w++) {
            total += shared[w][threadIdx.x];
        }
        out[c] += total;
    }
}

// Sums of dOut (for biases); rows are ld apart.
#define COLUMN_SUMS(NAME, T)                                                                                                     \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            float* partial, const T* dOut, long long ld, int C, int N, int rowsPerRun) {                                         \
        columnPartials(partial, C, N, rowsPerRun, [&](long long n, int c) { return toFloat(dOut[n * ld + c]); });                \
    }

COLUMN_SUMS(column_sums_f32, float)
COLUMN_SUMS(column_sums_bf16, bf16)

// Sums of dOut xhat (for gamma).
#define GAMMA_SUMS(NAME, T)                                                                                                      \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            float* partial, const T* dOut, const float* x, const float* mean, const float* rstd, int C, int N, int rowsPerRun) { \
        columnPartials(partial, C, N, rowsPerRun, [&](long long n, int c) {                                                      \
            float normed = (x[n * C + c] - (mean ? mean[n] : 0.0f)) * rstd[n];                                                   \
            return toFloat(dOut[n * C + c]) * normed;                                                                            \
        });                                                                                                                      \
    }

GAMMA_SUMS(gamma_sums_f32, float)
GAMMA_SUMS(gamma_sums_bf16, bf16)
