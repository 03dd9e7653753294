// What every kernel of the engine uses: bf16 storage, vectors of it, sums over a warp and a block. No header is included, so
// that NVRTC needs nothing but this text. All arithmetic is f32; bf16 is a storage format, rounded to nearest even.

typedef unsigned short bf16;

#define WARP 32
#define FULL_MASK 0xffffffffu

__device__ __forceinline__ float toFloat(float x) {
    return x;
}

__device__ __forceinline__ float toFloat(bf16 x) {
    return __uint_as_float((unsigned int) x << 16);
}

template <typename T>
__device__ __forceinline__ T fromFloat(float x);

template <>
__device__ __forceinline__ float fromFloat<float>(float x) {
    return x;
}

template <>
__device__ __forceinline__ bf16 fromFloat<bf16>(float x) {
    bf16 y;
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(y) : "f"(x));
    return y;
}

// Eight elements in one or two 16-byte accesses.
template <int W>
struct Lanes {
    float x[W];
};

typedef Lanes<8> Eight;

__device__ __forceinline__ Eight loadEight(const float* p) {
    float4 a = ((const float4*) p)[0], b = ((const float4*) p)[1];
    return {{a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w}};
}

__device__ __forceinline__ Eight loadEight(const bf16* p) {
    uint4 v = *(const uint4*) p;
    unsigned int w[4] = {v.x, v.y, v.z, v.w};
    Eight y;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        y.x[2 * i] = __uint_as_float(w[i] << 16);
        y.x[2 * i + 1] = __uint_as_float(w[i] & 0xffff0000u);
    }
    return y;
}

__device__ __forceinline__ void storeEight(float* p, const Eight& y) {
    ((float4*) p)[0] = make_float4(y.x[0], y.x[1], y.x[2], y.x[3]);
    ((float4*) p)[1] = make_float4(y.x[4], y.x[5], y.x[6], y.x[7]);
}

__device__ __forceinline__ void storeEight(bf16* p, const Eight& y) {
    unsigned int w[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(w[i]) : "f"(y.x[2 * i + 1]), "f"(y.x[2 * i]));
    }
    *(uint4*) p = make_uint4(w[0], w[1], w[2], w[3]);
}

// The same for W elements, 8 or 1.
template <int W, typename T>
__device__ __forceinline__ Lanes<W> load(const T* p) {
    if constexpr (W == 8) {
        return loadEight(p);
    } else {
        return {{toFloat(*p)}};
    }
}

template <int W, typename T>
__device__ __forceinline__ void store(T* p, const Lanes<W>& y) {
    if constexpr (W == 8) {
        storeEight(p, y);
    } else {
        *p = fromFloat<T>(y.x[0]);
    }
}

__device__ __forceinline__ bool aligned16(const void* p) {
    return ((unsigned long long) p & 15) == 0;
}

// The same value in every lane, and the same bits on every call: a butterfly.
__device__ __forceinline__ float warpSum(float x) {
#pragma unroll
    for (int lane = WARP / 2; lane > 0; lane /= 2) {
        x += __shfl_xor_sync(FULL_MASK, x, lane);
    }
    return x;
}

__device__ __forceinline__ double warpSum(double x) {
#pragma unroll
    for (int lane = WARP / 2; lane > 0; lane /= 2) {
        x += __shfl_xor_sync(FULL_MASK, x, lane);
    }
    return x;
}

__device__ __forceinline__ float warpMax(float x) {
#pragma unroll
    for (int lane = WARP / 2; lane > 0; lane /= 2) {
        x = fmaxf(x, __shfl_xor_sync(FULL_MASK, x, lane));
    }
    return x;
}

__device__ __forceinline__ long long globalThread() {
    return (long long) blockIdx.x * blockDim.x + threadIdx.x;
}
