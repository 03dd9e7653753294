// Softmax and cross-entropy of a row of logits, fused, in place: one block of 1024 threads a row, grid N. Two blocks fill a
// multiprocessor, so that the second pass over a row finds it in the L2 cache. logits[N, ld], of which the
// first `classes` columns count; a target of -1 has neither loss nor gradient. Softmax in one pass (Milakov and Gimelshein 2018).

#define CE_THREADS 1024
#define CE_WARPS (CE_THREADS / WARP)

__device__ __forceinline__ float ceExp(float x, const float*) {
    return expf(x);
}

__device__ __forceinline__ float ceExp(float x, const bf16*) {
    return __expf(x);
}

// A maximum and the sum of exp(x - maximum).
struct Running {
    float max;
    float sum;
};

template <typename T>
__device__ __forceinline__ void take(Running& r, float x) {
    if (x > r.max) {
        r.sum = r.sum * ceExp(r.max - x, (const T*) 0) + 1.0f;
        r.max = x;
    } else {
        r.sum += ceExp(x - r.max, (const T*) 0);
    }
}

// The lowest finite f32 stands for "nothing yet", so that no inf - inf arises.
#define LOWEST (-3.402823466e38f)

template <typename T>
__device__ __forceinline__ Running scanRow(const T* row, int classes, bool vectors) {
    Running r = {LOWEST, 0.0f};
    int whole = vectors ? classes / 8 * 8 : 0;
    for (int v = threadIdx.x * 8; v < whole; v += CE_THREADS * 8) {
        Eight x = loadEight(row + v);
        float max = x.x[0];
#pragma unroll
        for (int i = 1; i < 8; i++) {
            max = fmaxf(max, x.x[i]);
        }
        if (max > r.max) {
            r.sum *= ceExp(r.max - max, (const T*) 0);
            r.max = max;
        }
#pragma unroll
        for (int i = 0; i < 8; i++) {
            r.sum += ceExp(x.x[i] - r.max, (const T*) 0);
        }
    }
    for (int v = whole + threadIdx.x; v < classes; v += CE_THREADS) {
        take<T>(r, toFloat(row[v]));
    }
    return r;
}

template <typename T>
__device__ __forceinline__ Running overBlock(Running r) {
    __shared__ float shared[2][CE_WARPS];
    float max = warpMax(r.max);
    float sum = warpSum(r.sum * ceExp(r.max - max, (const T*) 0));
    int warp = threadIdx.x / WARP, lane = threadIdx.x % WARP;
    if (lane == 0) {
        shared[0][warp] = max;
        shared[1][warp] = sum;
    }
    __syncthreads();
    Running all = {lane < CE_WARPS ? shared[0][lane] : LOWEST, lane < CE_WARPS ? shared[1][lane] : 0.0f};
    max = warpMax(all.max);
    return {max, warpSum(all.sum * ceExp(all.max - max, (const T*) 0))};
}

template <typename T>
__device__ __forceinline__ void crossEntropy(
        float* loss, T* logits, const int* targets, int classes, int ld, float gradScale) {
    long long n = blockIdx.x;
    T* row = logits + n * ld;
    int target = targets[n];
    bool vectors = ld % (16 / (int) sizeof(T)) == 0 && aligned16(logits);
    Running r = overBlock<T>(scanRow(row, classes, vectors));
    float logSum = logf(r.sum);
    if (threadIdx.x == 0) {
        loss[n] = target < 0 ? 0.0f : logSum - (toFloat(row[target]) - r.max);
    }
    __syncthreads();
    if (gradScale == 0.0f) {
        return;
    }
    float scale = target < 0 ? 0.0f : gradScale / r.sum;
    float hit = target < 0 ? 0.0f : gradScale;
    int whole = vectors ? classes / 8 * 8 : 0;
    for (int v = threadIdx.x * 8; v < whole; v += CE_THREADS * 8) {
        Eight x = loadEight(row + v);
#pragma unroll
        for (int i = 0; i < 8; i++) {
            x.x[i] = scale * ceExp(x.x[i] - r.max, (const T*) 0) - (v + i == target ? hit : 0.0f);
        }
        storeEight(row + v, x);
    }
    for (int v = whole + threadIdx.x; v < ld; v += CE_THREADS) {
        float y = v < classes ? scale * ceExp(toFloat(row[v]) - r.max, (const T*) 0) : 0.0f;
        row[v] = fromFloat<T>(y - (v == target ? hit : 0.0f));
    }
}

extern "C" __global__ void __launch_bounds__(CE_THREADS) cross_entropy_f32(
        float* loss, float* logits, const int* targets, int classes, int ld, float gradScale) {
    crossEntropy(loss, logits, targets, classes, ld, gradScale);
}

extern "C" __global__ void __launch_bounds__(CE_THREADS) cross_entropy_bf16(
        float* loss, bf16* logits, const int* targets, int classes, int ld, float gradScale) {
    crossEntropy(loss, logits, targets, classes, ld, gradScale);
}
