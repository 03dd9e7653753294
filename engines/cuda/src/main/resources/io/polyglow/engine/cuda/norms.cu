// Layer normalisation (Ba et al. 2016) and root-mean-square normalisation (Zhang and Sennrich 2019); x, statistics and parameters f32.
// Forward: one warp a row, 8 rows a block of (32, 8): grid N / 8.

// A row in the registers of a warp: G groups of 8 channels a lane.
template <typename T, bool CENTRED, int G>
__device__ __forceinline__ void normRow(
        T* out, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, float epsilon, int C) {
    int first = threadIdx.x * 8;
    Eight v[G];
    float mu = 0.0f;
#pragma unroll
    for (int k = 0; k < G; k++) {
        int c = first + k * WARP * 8;
        v[k] = c < C ? loadEight(x + c) : Eight{};
#pragma unroll
        for (int i = 0; CENTRED && i < 8; i++) {
            mu += v[k].x[i];
        }
    }
    if (CENTRED) {
        mu = warpSum(mu) / C;
    }
    float squares = 0.0f;
#pragma unroll
    for (int k = 0; k < G; k++) {
#pragma unroll
        for (int i = 0; i < 8; i++) {
            v[k].x[i] -= mu;
            squares += first + k * WARP * 8 < C ? v[k].x[i] * v[k].x[i] : 0.0f;
        }
    }
    float scale = 1.0f / sqrtf(warpSum(squares) / C + epsilon);
#pragma unroll
    for (int k = 0; k < G; k++) {
        int c = first + k * WARP * 8;
        if (c < C) {
            Eight g = loadEight(gamma + c), shift = beta ? loadEight(beta + c) : Eight{};
#pragma unroll
            for (int i = 0; i < 8; i++) {
                v[k].x[i] = v[k].x[i] * scale * g.x[i] + shift.x[i];
            }
            storeEight(out + c, v[k]);
        }
    }
    if (threadIdx.x == 0) {
        *rstd = scale;
        if (CENTRED) {
            *mean = mu;
        }
    }
}

// The same of any size and alignment.
template <typename T, bool CENTRED>
__device__ __forceinline__ void normAnyRow(
        T* out, float* mean, float* rstd, const float* x, const float* gamma, const float* beta, float epsilon, int C) {
    int lane = threadIdx.x;
    float mu = 0.0f;
    for (int c = lane; CENTRED && c < C; c += WARP) {
        mu += x[c];
    }
    if (CENTRED) {
        mu = warpSum(mu) / C;
    }
    float squares = 0.0f;
    for (int c = lane; c < C; c += WARP) {
        squares += (x[c] - mu) * (x[c] - mu);
    }
    float scale = 1.0f / sqrtf(warpSum(squares) / C + epsilon);
    for (int c = lane; c < C; c += WARP) {
        out[c] = fromFloat<T>((x[c] - mu) * scale * gamma[c] + (beta ? beta[c] : 0.0f));
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
    out += n * C, mean += n, rstd += n, x += n * C;
    bool vectors = C % 8 == 0 && aligned16(out) && aligned16(x) && aligned16(gamma) && (!beta || aligned16(beta));
    if (vectors && C <= 2 * WARP * 8) {
        normRow<T, CENTRED, 2>(out, mean, rstd, x, gamma, beta, epsilon, C);
    } else if (vectors && C <= 4 * WARP * 8) {
        normRow<T, CENTRED, 4>(out, mean, rstd, x, gamma, beta, epsilon, C);
    } else if (vectors && C <= 8 * WARP * 8) {
        normRow<T, CENTRED, 8>(out, mean, rstd, x, gamma, beta, epsilon, C);
    } else {
        normAnyRow<T, CENTRED>(out, mean, rstd, x, gamma, beta, epsilon, C);
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

// Backward: dX += rstd (g - mean(g) - xhat mean(g xhat)) with g = dOut gamma, xhat = (x - mean) rstd; without the centring, the first mean is absent.
// In the same pass partial[0, p, c] and, where centred, partial[1, p, c] = the sums of dOut xhat (for gamma) and dOut (for beta) over run p of rows.
// The new dX goes to copy too, unless that is null. A block has a run, ROWS at a time, and a thread 8 neighbouring channels: C is a multiple of 8, and 8 blockDim.x is at least C; at most 512 threads. Grid: the runs.

#define NORM_ROWS 4
#define NORM_WARPS 16

template <typename T, bool CENTRED>
__device__ __forceinline__ void normBackward(
        float* dX, bf16* copy, float* partial, const T* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C,
        int N, int rowsPerRun) {
    __shared__ float shared[2][NORM_WARPS][2 * NORM_ROWS];
    int c = threadIdx.x * 8, lane = threadIdx.x % WARP, warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
    bool mine = c < C;
    long long begin = (long long) blockIdx.x * rowsPerRun;
    long long end = begin + rowsPerRun < N ? begin + rowsPerRun : N;
    Eight g = mine ? loadEight(gamma + c) : Eight{};
    Eight dGamma = {}, dBeta = {};
    int side = 0;
    for (long long first = begin; first < end; first += NORM_ROWS, side ^= 1) {
        Eight d[NORM_ROWS], v[NORM_ROWS];
        float scale[NORM_ROWS], mu[NORM_ROWS], sums[2 * NORM_ROWS];
#pragma unroll
        for (int r = 0; r < NORM_ROWS; r++) {
            long long n = first + r;
            bool there = mine && n < end;
            d[r] = there ? loadEight(dOut + n * C + c) : Eight{};
            v[r] = there ? loadEight(x + n * C + c) : Eight{};
            mu[r] = CENTRED && n < end ? mean[n] : 0.0f;
            scale[r] = n < end ? rstd[n] : 0.0f;
        }
#pragma unroll
        for (int r = 0; r < NORM_ROWS; r++) {
            float sum = 0.0f, product = 0.0f;
#pragma unroll
            for (int i = 0; i < 8; i++) {
                v[r].x[i] = (v[r].x[i] - mu[r]) * scale[r];
                dGamma.x[i] += d[r].x[i] * v[r].x[i];
                dBeta.x[i] += d[r].x[i];
                d[r].x[i] *= g.x[i];
                sum += d[r].x[i];
                product += d[r].x[i] * v[r].x[i];
            }
            sums[r] = CENTRED ? warpSum(sum) : 0.0f;
            sums[NORM_ROWS + r] = warpSum(product);
        }
        if (lane == 0) {
#pragma unroll
            for (int r = 0; r < 2 * NORM_ROWS; r++) {
                shared[side][warp][r] = sums[r];
            }
        }
        // the other side is written before the next barrier, so one is enough
        __syncthreads();
#pragma unroll
        for (int r = 0; r < 2 * NORM_ROWS; r++) {
            sums[r] = 0.0f;
        }
        for (int w = 0; w < warps; w++) {
#pragma unroll
            for (int r = 0; r < 2 * NORM_ROWS; r++) {
                sums[r] += shared[side][w][r];
            }
        }
#pragma unroll
        for (int r = 0; r < NORM_ROWS; r++) {
            long long n = first + r;
            if (mine && n < end) {
                float sum = sums[r] / C, product = sums[NORM_ROWS + r] / C;
                Eight y = loadEight(dX + n * C + c);
#pragma unroll
                for (int i = 0; i < 8; i++) {
                    y.x[i] += scale[r] * (d[r].x[i] - sum - v[r].x[i] * product);
                }
                storeEight(dX + n * C + c, y);
                if (copy) {
                    storeEight(copy + n * C + c, y);
                }
            }
        }
    }
    if (mine) {
        storeEight(partial + (long long) blockIdx.x * C + c, dGamma);
        if (CENTRED) {
            storeEight(partial + ((long long) gridDim.x + blockIdx.x) * C + c, dBeta);
        }
    }
}

#define NORM_BACKWARD(NAME, T, CENTRED)                                                                                          \
    extern "C" __global__ void __launch_bounds__(512) NAME(                                                                      \
            float* dX, bf16* copy, float* partial, const T* dOut, const float* x, const float* gamma, const float* mean,         \
            const float* rstd, int C, int N, int rowsPerRun) {                                                                   \
        normBackward<T, CENTRED>(dX, copy, partial, dOut, x, gamma, mean, rstd, C, N, rowsPerRun);                               \
    }

NORM_BACKWARD(layer_norm_backward_f32, float, true)
NORM_BACKWARD(layer_norm_backward_bf16, bf16, true)
NORM_BACKWARD(rms_norm_backward_f32, float, false)
NORM_BACKWARD(rms_norm_backward_bf16, bf16, false)

// dX alone, of rows of any size and alignment: one warp a row, 8 rows a block of (32, 8); a mean of null is 0 and not centred.
template <typename T>
__device__ __forceinline__ void normBackwardAny(
        float* dX, const T* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C, int N) {
    long long n = (long long) blockIdx.x * blockDim.y + threadIdx.y;
    if (n >= N) {
        return;
    }
    dX += n * C, dOut += n * C, x += n * C;
    float mu = mean ? mean[n] : 0.0f, scale = rstd[n];
    float sum = 0.0f, product = 0.0f;
    for (int c = threadIdx.x; c < C; c += WARP) {
        float scaled = toFloat(dOut[c]) * gamma[c];
        sum += scaled;
        product += scaled * ((x[c] - mu) * scale);
    }
    sum = mean ? warpSum(sum) / C : 0.0f;
    product = warpSum(product) / C;
    for (int c = threadIdx.x; c < C; c += WARP) {
        dX[c] += scale * (toFloat(dOut[c]) * gamma[c] - sum - (x[c] - mu) * scale * product);
    }
}

extern "C" __global__ void __launch_bounds__(256) norm_backward_any_f32(
        float* dX, const float* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C, int N) {
    normBackwardAny(dX, dOut, x, gamma, mean, rstd, C, N);
}

extern "C" __global__ void __launch_bounds__(256) norm_backward_any_bf16(
        float* dX, const bf16* dOut, const float* x, const float* gamma, const float* mean, const float* rstd, int C, int N) {
    normBackwardAny(dX, dOut, x, gamma, mean, rstd, C, N);
}
