// Element by element over flat tensors. Grid: enough blocks of 256 threads for count / 8 threads; each thread takes 8 elements.

template <typename T>
__device__ __forceinline__ void fillElements(T* out, float value, long long count) {
    long long i = globalThread() * 8;
    for (long long j = i; j < i + 8 && j < count; j++) {
        out[j] = fromFloat<T>(value);
    }
}

extern "C" __global__ void fill_f32(float* out, float value, long long count) {
    fillElements(out, value, count);
}

extern "C" __global__ void fill_bf16(bf16* out, float value, long long count) {
    fillElements(out, value, count);
}

template <typename Y, typename X>
__device__ __forceinline__ void copyElements(Y* out, const X* x, long long count) {
    long long i = globalThread() * 8;
    if (i + 8 <= count && aligned16(out + i) && aligned16(x + i)) {
        storeEight(out + i, loadEight(x + i));
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            out[j] = fromFloat<Y>(toFloat(x[j]));
        }
    }
}

extern "C" __global__ void copy_f32_f32(float* out, const float* x, long long count) {
    copyElements(out, x, count);
}

extern "C" __global__ void copy_bf16_f32(bf16* out, const float* x, long long count) {
    copyElements(out, x, count);
}

extern "C" __global__ void copy_f32_bf16(float* out, const bf16* x, long long count) {
    copyElements(out, x, count);
}

extern "C" __global__ void copy_bf16_bf16(bf16* out, const bf16* x, long long count) {
    copyElements(out, x, count);
}

template <typename T>
__device__ __forceinline__ void addElements(T* out, const T* x, long long count) {
    long long i = globalThread() * 8;
    if (i + 8 <= count && aligned16(out + i) && aligned16(x + i)) {
        Eight y = loadEight(out + i), a = loadEight(x + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            y.x[j] += a.x[j];
        }
        storeEight(out + i, y);
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            out[j] = fromFloat<T>(toFloat(out[j]) + toFloat(x[j]));
        }
    }
}

extern "C" __global__ void add_f32(float* out, const float* x, long long count) {
    addElements(out, x, count);
}

extern "C" __global__ void add_bf16(bf16* out, const bf16* x, long long count) {
    addElements(out, x, count);
}

// out[n, o] = sum[n, o] + bias[o] + residual[n, o] for a product whose output is narrower than the addends; bias may be null.
extern "C" __global__ void add_rows_bf16(
        bf16* out, const float* sum, const float* bias, const float* residual, int O, long long count) {
    long long i = globalThread();
    if (i < count) {
        out[i] = fromFloat<bf16>(sum[i] + (bias ? bias[i % O] : 0.0f) + residual[i]);
    }
}
