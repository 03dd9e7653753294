// Causal attention for any head size up to 256, f32 or bf16 storage, all arithmetic in f32: the softmax is computed online (Milakov and
// Gimelshein 2018), so no matrix of scores is stored. One warp per row. The tensor core version is attention_flash.cu.
//
// Dims: B sequences, T time steps, H query heads, K key/value heads (K divides H), D channels of a head.
//   qkv, dQkv [B*T, (H + 2K) * D]   H query heads, then K key heads, then K value heads
//   out, dOut [B*T, H * D]
//   lse       [B, H, T] float       natural logarithm of the sum of the exponentials of the scaled scores
//   delta     [B, H, T] float       dot product of dOut and out
//   firstKeys [B*T] int                 the first key that a row sees, counted within its sequence, never decreasing there; null: the first row
//   keyCache, valueCache [B, P, K * D]
// Pointers need only the alignment of their elements. Block sizes and grids stand at each kernel; no dynamic shared memory.

typedef unsigned short bf16;

#define WARP 32
#define FULL_MASK 0xffffffffu
#define ROWS_PER_BLOCK 8
#define KEYS_AT_ONCE 4
#define MOST_CHANNELS 256

__device__ __forceinline__ float toFloat(float x) {
    return x;
}

__device__ __forceinline__ float toFloat(bf16 x) {
    return __uint_as_float((unsigned int) x << 16);
}

__device__ __forceinline__ void store(float* p, float x) {
    *p = x;
}

__device__ __forceinline__ void store(bf16* p, float x) {
    bf16 rounded;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(rounded) : "f"(x));
    *p = rounded;
}

__device__ __forceinline__ float minusInfinity() {
    return __int_as_float(0xff800000);
}

// The same bits in every lane: a butterfly.
__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
    for (int lane = WARP / 2; lane > 0; lane /= 2) {
        x += __shfl_xor_sync(FULL_MASK, x, lane);
    }
    return x;
}

// The channels lane, lane + 32, ... of a row of D; channels beyond D are zeros.
template <int N>
struct Channels {
    float x[N];
};

template <int N>
__device__ __forceinline__ Channels<N> zeros() {
    Channels<N> y;
#pragma unroll
    for (int i = 0; i < N; i++) {
        y.x[i] = 0.0f;
    }
    return y;
}

template <int N, typename E>
__device__ __forceinline__ Channels<N> load(const E* row, int D) {
    Channels<N> y;
#pragma unroll
    for (int i = 0; i < N; i++) {
        int c = threadIdx.x + i * WARP;
        y.x[i] = c < D ? toFloat(row[c]) : 0.0f;
    }
    return y;
}

template <int N, typename E>
__device__ __forceinline__ void storeScaled(E* row, int D, const Channels<N>& y, float factor) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        int c = threadIdx.x + i * WARP;
        if (c < D) {
            store(row + c, y.x[i] * factor);
        }
    }
}

// This lane's part of a dot product.
template <int N>
__device__ __forceinline__ float partialDot(const Channels<N>& a, const Channels<N>& b) {
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < N; i++) {
        sum += a.x[i] * b.x[i];
    }
    return sum;
}

// y = y * decay + factor * x
template <int N>
__device__ __forceinline__ void accumulate(Channels<N>& y, float decay, float factor, const Channels<N>& x) {
#pragma unroll
    for (int i = 0; i < N; i++) {
        y.x[i] = fmaf(factor, x.x[i], y.x[i] * decay);
    }
}

// Where the rows of a packed tensor and of its heads are.
struct Packed {
    int T, H, K, D;

    __device__ __forceinline__ int rowLength() const {
        return (H + 2 * K) * D;
    }

    __device__ __forceinline__ int kvHead(int h) const {
        return h / (H / K);
    }

    __device__ __forceinline__ long long query(int b, int t, int h) const {
        return ((long long) b * T + t) * rowLength() + h * D;
    }

    __device__ __forceinline__ long long key(int b, int t, int kvHead) const {
        return ((long long) b * T + t) * rowLength() + (H + kvHead) * D;
    }

    __device__ __forceinline__ long long value(int b, int t, int kvHead) const {
        return ((long long) b * T + t) * rowLength() + (H + K + kvHead) * D;
    }

    __device__ __forceinline__ long long out(int b, int t, int h) const {
        return (((long long) b * T + t) * H + h) * D;
    }

    __device__ __forceinline__ long long statistic(int b, int t, int h) const {
        return ((long long) b * H + h) * T + t;
    }

    __device__ __forceinline__ int firstKey(const int* firstKeys, int b, int t) const {
        return firstKeys ? firstKeys[(long long) b * T + t] : 0;
    }
};

__device__ __forceinline__ float scoreScale(int D) {
    return 1.0f / sqrtf((float) D);
}

// The softmax over some keys, not yet divided by its sum.
template <int N>
struct Softmax {
    float max, sum;
    Channels<N> out;
};

// Attends to the keys j < count out of j = first ..., KEYS_AT_ONCE in each step; rows of keys and values are ld apart.
template <int N, typename E>
__device__ __forceinline__ Softmax<N> attend(
        const Channels<N>& q, const E* keys, const E* values, long long ld, int D, int first, int step, int count) {
    Softmax<N> y = {minusInfinity(), 0.0f, zeros<N>()};
    float scale = scoreScale(D);
    for (int j = first; j < count; j += step) {
        float s[KEYS_AT_ONCE];
        float max = y.max;
#pragma unroll
        for (int u = 0; u < KEYS_AT_ONCE; u++) {
            int row = j + u < count ? j + u : j;
            s[u] = partialDot(q, load<N>(keys + row * ld, D));
        }
#pragma unroll
        for (int u = 0; u < KEYS_AT_ONCE; u++) {
            s[u] = warpSum(s[u]) * scale;
            s[u] = j + u < count ? s[u] : minusInfinity();
            max = fmaxf(max, s[u]);
        }
        float decay = expf(y.max - max);
        y.max = max;
        y.sum *= decay;
#pragma unroll
        for (int u = 0; u < KEYS_AT_ONCE; u++) {
            int row = j + u < count ? j + u : j;
            float p = expf(s[u] - max);
            y.sum += p;
            accumulate(y.out, u == 0 ? decay : 1.0f, p, load<N>(values + row * ld, D));
        }
    }
    return y;
}

template <int N, typename E>
__device__ __forceinline__ void forwardRow(
        E* out, float* lse, const E* qkv, const int* firstKeys, const Packed& at, int b, int t, int h) {
    int kvHead = at.kvHead(h);
    Channels<N> q = load<N>(qkv + at.query(b, t, h), at.D);
    int first = at.firstKey(firstKeys, b, t);
    Softmax<N> y = attend<N>(
            q, qkv + at.key(b, 0, kvHead), qkv + at.value(b, 0, kvHead), at.rowLength(), at.D, first, KEYS_AT_ONCE, t + 1);
    storeScaled(out + at.out(b, t, h), at.D, y.out, 1.0f / y.sum);
    if (threadIdx.x == 0) {
        lse[at.statistic(b, t, h)] = y.max + logf(y.sum);
    }
}

// dQ of one query row: with p = exp(score - lse), dQ = sum over keys of p * (dOut . v - delta) * scale * k.
template <int N, typename E>
__device__ __forceinline__ void backwardQueryRow(
        E* dQkv, const E* dOut, const float* lse, const float* delta, const E* qkv, const int* firstKeys, const Packed& at, int b, int t, int h) {
    int D = at.D, kvHead = at.kvHead(h);
    float scale = scoreScale(D);
    Channels<N> q = load<N>(qkv + at.query(b, t, h), D);
    Channels<N> dO = load<N>(dOut + at.out(b, t, h), D);
    float rowLse = lse[at.statistic(b, t, h)], rowDelta = delta[at.statistic(b, t, h)];
    Channels<N> dQ = zeros<N>();
#pragma unroll 4
    for (int j = at.firstKey(firstKeys, b, t); j <= t; j++) {
        Channels<N> k = load<N>(qkv + at.key(b, j, kvHead), D);
        Channels<N> v = load<N>(qkv + at.value(b, j, kvHead), D);
        float p = expf(warpSum(partialDot(q, k)) * scale - rowLse);
        float dP = warpSum(partialDot(dO, v));
        accumulate(dQ, 1.0f, p * (dP - rowDelta), k);
    }
    storeScaled(dQkv + at.query(b, t, h), D, dQ, scale);
}

// dK and dV of one key row, over all the query heads that read it and all the queries from its own time on, up to the first that no longer
// sees it.
template <int N, typename E>
__device__ __forceinline__ void backwardKeyRow(
        E* dQkv, const E* dOut, const float* lse, const float* delta, const E* qkv, const int* firstKeys, const Packed& at, int b, int j, int kvHead) {
    int D = at.D, group = at.H / at.K;
    float scale = scoreScale(D);
    Channels<N> k = load<N>(qkv + at.key(b, j, kvHead), D);
    Channels<N> v = load<N>(qkv + at.value(b, j, kvHead), D);
    Channels<N> dK = zeros<N>(), dV = zeros<N>();
    for (int h = kvHead * group; h < (kvHead + 1) * group; h++) {
#pragma unroll 2
        for (int t = j; t < at.T && at.firstKey(firstKeys, b, t) <= j; t++) {
            Channels<N> q = load<N>(qkv + at.query(b, t, h), D);
            Channels<N> dO = load<N>(dOut + at.out(b, t, h), D);
            float p = expf(warpSum(partialDot(q, k)) * scale - lse[at.statistic(b, t, h)]);
            float dP = warpSum(partialDot(dO, v));
            accumulate(dV, 1.0f, p, dO);
            accumulate(dK, 1.0f, p * (dP - delta[at.statistic(b, t, h)]), q);
        }
    }
    storeScaled(dQkv + at.key(b, j, kvHead), D, dK, scale);
    storeScaled(dQkv + at.value(b, j, kvHead), D, dV, 1.0f);
}

// One query row and head over the cache: the warps of the block share the keys, then their softmaxes are merged in the order of the warps.
template <int N, typename E>
__device__ __forceinline__ void cachedRow(
        E* out, const E* keyCache, const E* valueCache, const E* qkv, const Packed& at, int P, int firstPosition, int window, int b, int t, int h) {
    __shared__ float max[ROWS_PER_BLOCK], sum[ROWS_PER_BLOCK], outs[ROWS_PER_BLOCK][N * WARP];
    int D = at.D, lane = threadIdx.x, warp = threadIdx.y, position = firstPosition + t;
    long long ld = (long long) at.K * D;
    long long head = (long long) b * P * ld + at.kvHead(h) * D;
    Channels<N> q = load<N>(qkv + at.query(b, t, h), D);
    Softmax<N> y = attend<N>(
            q,
            keyCache + head,
            valueCache + head,
            ld,
            D,
            (window > position ? 0 : position - window + 1) + warp * KEYS_AT_ONCE,
            ROWS_PER_BLOCK * KEYS_AT_ONCE,
            position + 1);
    if (lane == 0) {
        max[warp] = y.max;
        sum[warp] = y.sum;
    }
#pragma unroll
    for (int i = 0; i < N; i++) {
        outs[warp][lane + i * WARP] = y.out.x[i];
    }
    __syncthreads();
    float most = max[0];
#pragma unroll
    for (int w = 1; w < ROWS_PER_BLOCK; w++) {
        most = fmaxf(most, max[w]);
    }
    float total = 0.0f, weights[ROWS_PER_BLOCK];
#pragma unroll
    for (int w = 0; w < ROWS_PER_BLOCK; w++) {
        weights[w] = expf(max[w] - most);
        total += weights[w] * sum[w];
    }
    for (int c = warp * WARP + lane; c < D; c += ROWS_PER_BLOCK * WARP) {
        float x = 0.0f;
#pragma unroll
        for (int w = 0; w < ROWS_PER_BLOCK; w++) {
            x += weights[w] * outs[w][c];
        }
        store(out + at.out(b, t, h) + c, x / total);
    }
}

// Calls FUNCTION<channels per lane>, so that small heads don't pay for large ones. (NVRTC takes no generic lambdas in kernels.)
#define WITH_CHANNELS_PER_LANE(D, FUNCTION, ...)          \
    if (D <= WARP) {                                      \
        FUNCTION<1>(__VA_ARGS__);                         \
    } else if (D <= 2 * WARP) {                           \
        FUNCTION<2>(__VA_ARGS__);                         \
    } else if (D <= 4 * WARP) {                           \
        FUNCTION<4>(__VA_ARGS__);                         \
    } else {                                              \
        FUNCTION<MOST_CHANNELS / WARP>(__VA_ARGS__);      \
    }

// attention_forward_{f32,bf16}: writes out and lse. Block (32, 8), grid (ceil(T / 8), H, B). Long rows come first, for balance.
#define ATTENTION_FORWARD(NAME, E)                                                                                               \
    extern "C" __global__ void __launch_bounds__(WARP* ROWS_PER_BLOCK)                                                           \
            NAME(E* out, float* lse, const E* qkv, const int* firstKeys, int B, int T, int H, int K, int D) {                    \
        int t = (gridDim.x - 1 - blockIdx.x) * ROWS_PER_BLOCK + threadIdx.y;                                                     \
        if (t < T) {                                                                                                             \
            Packed at = {T, H, K, D};                                                                                            \
            WITH_CHANNELS_PER_LANE(D, forwardRow, out, lse, qkv, firstKeys, at, blockIdx.z, t, blockIdx.y)                       \
        }                                                                                                                        \
    }

ATTENTION_FORWARD(attention_forward_f32, float)
ATTENTION_FORWARD(attention_forward_bf16, bf16)

// attention_delta_{f32,bf16}: writes delta. Block (32, 8), grid (ceil(B*T*H / 8)).
#define ATTENTION_DELTA(NAME, E)                                                                                                 \
    extern "C" __global__ void __launch_bounds__(WARP* ROWS_PER_BLOCK)                                                           \
            NAME(float* delta, const E* dOut, const E* out, int B, int T, int H, int D) {                                        \
        long long n = (long long) blockIdx.x * ROWS_PER_BLOCK + threadIdx.y;                                                     \
        if (n < (long long) B * T * H) {                                                                                         \
            float sum = 0.0f;                                                                                                    \
            for (int c = threadIdx.x; c < D; c += WARP) {                                                                        \
                sum += toFloat(dOut[n * D + c]) * toFloat(out[n * D + c]);                                                       \
            }                                                                                                                    \
            sum = warpSum(sum);                                                                                                  \
            if (threadIdx.x == 0) {                                                                                              \
                long long row = n / H;                                                                                           \
                delta[(row / T * H + n % H) * T + row % T] = sum;                                                                \
            }                                                                                                                    \
        }                                                                                                                        \
    }

ATTENTION_DELTA(attention_delta_f32, float)
ATTENTION_DELTA(attention_delta_bf16, bf16)

// attention_backward_q_{f32,bf16}: writes the query heads of dQkv. Block (32, 8), grid (ceil(T / 8), H, B). Long rows come first.
#define ATTENTION_BACKWARD_Q(NAME, E)                                                                                            \
    extern "C" __global__ void __launch_bounds__(WARP* ROWS_PER_BLOCK) NAME(                                                     \
            E* dQkv,                                                                                                             \
            const E* dOut,                                                                                                       \
            const float* lse,                                                                                                    \
            const float* delta,                                                                                                  \
            const E* qkv,                                                                                                        \
            const int* firstKeys,                                                                                                \
            int B,                                                                                                               \
            int T,                                                                                                               \
            int H,                                                                                                               \
            int K,                                                                                                               \
            int D) {                                                                                                             \
        int t = (gridDim.x - 1 - blockIdx.x) * ROWS_PER_BLOCK + threadIdx.y;                                                     \
        if (t < T) {                                                                                                             \
            Packed at = {T, H, K, D};                                                                                            \
            WITH_CHANNELS_PER_LANE(D, backwardQueryRow, dQkv, dOut, lse, delta, qkv, firstKeys, at, blockIdx.z, t, blockIdx.y)   \
        }                                                                                                                        \
    }

ATTENTION_BACKWARD_Q(attention_backward_q_f32, float)
ATTENTION_BACKWARD_Q(attention_backward_q_bf16, bf16)

// attention_backward_kv_{f32,bf16}: writes the key and value heads of dQkv. Block (32, 8), grid (ceil(T / 8), K, B).
#define ATTENTION_BACKWARD_KV(NAME, E)                                                                                           \
    extern "C" __global__ void __launch_bounds__(WARP* ROWS_PER_BLOCK) NAME(                                                     \
            E* dQkv,                                                                                                             \
            const E* dOut,                                                                                                       \
            const float* lse,                                                                                                    \
            const float* delta,                                                                                                  \
            const E* qkv,                                                                                                        \
            const int* firstKeys,                                                                                                \
            int B,                                                                                                               \
            int T,                                                                                                               \
            int H,                                                                                                               \
            int K,                                                                                                               \
            int D) {                                                                                                             \
        int t = blockIdx.x * ROWS_PER_BLOCK + threadIdx.y;                                                                       \
        if (t < T) {                                                                                                             \
            Packed at = {T, H, K, D};                                                                                            \
            WITH_CHANNELS_PER_LANE(D, backwardKeyRow, dQkv, dOut, lse, delta, qkv, firstKeys, at, blockIdx.z, t, blockIdx.y)     \
        }                                                                                                                        \
    }

ATTENTION_BACKWARD_KV(attention_backward_kv_f32, float)
ATTENTION_BACKWARD_KV(attention_backward_kv_bf16, bf16)

// cache_append_{f32,bf16}: copies the keys and values of qkv to positions firstPosition ... firstPosition + T - 1 of the caches.
// Block 256, grid (ceil(B*T*K*D / 256)).
#define CACHE_APPEND(NAME, E)                                                                                                    \
    extern "C" __global__ void __launch_bounds__(256) NAME(                                                                      \
            E* keyCache, E* valueCache, const E* qkv, int B, int T, int H, int K, int D, int P, int firstPosition) {             \
        int width = K * D;                                                                                                       \
        long long i = (long long) blockIdx.x * blockDim.x + threadIdx.x;                                                         \
        if (i < (long long) B * T * width) {                                                                                     \
            int c = (int) (i % width);                                                                                           \
            long long row = i / width;                                                                                           \
            const E* key = qkv + row * (H + 2 * K) * D + H * D + c;                                                              \
            long long to = (row / T * P + firstPosition + row % T) * width + c;                                                  \
            keyCache[to] = key[0];                                                                                               \
            valueCache[to] = key[width];                                                                                         \
        }                                                                                                                        \
    }

CACHE_APPEND(cache_append_f32, float)
CACHE_APPEND(cache_append_bf16, bf16)

// attention_cached_{f32,bf16}: writes out; row t of the queries in qkv [B*T, (H + 2K) * D] attends to the cached positions 0 ...
// firstPosition + t, its own among them (cache_append comes first), of them the last window ones. Block (32, 8), grid (T, H, B).
#define ATTENTION_CACHED(NAME, E)                                                                                                \
    extern "C" __global__ void __launch_bounds__(WARP* ROWS_PER_BLOCK) NAME(                                                     \
            E* out,                                                                                                              \
            const E* keyCache,                                                                                                   \
            const E* valueCache,                                                                                                 \
            const E* qkv,                                                                                                        \
            int B,                                                                                                               \
            int T,                                                                                                               \
            int H,                                                                                                               \
            int K,                                                                                                               \
            int D,                                                                                                               \
            int P,                                                                                                               \
            int firstPosition,                                                                                                   \
            int window) {                                                                                                        \
        Packed at = {T, H, K, D};                                                                                                \
        WITH_CHANNELS_PER_LANE(                                                                                                  \
                D, cachedRow, out, keyCache, valueCache, qkv, at, P, firstPosition, window, blockIdx.z, blockIdx.x, blockIdx.y)  \
    }

ATTENTION_CACHED(attention_cached_f32, float)
ATTENTION_CACHED(attention_cached_bf16, bf16)
