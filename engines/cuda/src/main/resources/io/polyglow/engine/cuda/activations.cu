// GELU (tanh form, Hendrycks and Gimpel 2016) and SwiGLU (Shazeer 2020) with their gradients; 8 elements a thread.
//
// tanh form: gelu(x) = 0.5 x (1 + tanh(u)) = x sigmoid(2u) with u = sqrt(2/pi) (x + 0.044715 x^3), which has no cancellation for
// negative x. Arguments of exp are clamped so that nothing becomes inf * 0.

#define GELU_SCALE 0.7978845608028654f
#define GELU_CUBE 0.044715f
#define EXP_BOUND 80.0f

__device__ __forceinline__ float expOf(float x, const float*) {
    return expf(x);
}

__device__ __forceinline__ float expOf(float x, const bf16*) {
    return __expf(x);
}

// exp(-2u), at most exp(80).
template <typename T>
__device__ __forceinline__ float geluExp(float x) {
    float u = GELU_SCALE * (x + GELU_CUBE * x * x * x);
    return expOf(fminf(fmaxf(-2.0f * u, -EXP_BOUND), EXP_BOUND), (const T*) 0);
}

template <typename T>
__device__ __forceinline__ float gelu(float x) {
    float y = x / (1.0f + geluExp<T>(x));
    // beyond the clamp the exact value underflows
    return x < -20.0f ? -0.0f : y;
}

template <typename T>
__device__ __forceinline__ float geluSlope(float x) {
    float bounded = fminf(fmaxf(x, -20.0f), 20.0f);
    float e = geluExp<T>(bounded);
    float s = 1.0f / (1.0f + e);
    float du = GELU_SCALE * (1.0f + 3.0f * GELU_CUBE * bounded * bounded);
    return s + bounded * s * (e * s) * 2.0f * du;
}

template <typename T>
__device__ __forceinline__ void geluForward(T* out, const T* x, long long count) {
    long long i = globalThread() * 8;
    if (i + 8 <= count && aligned16(out + i) && aligned16(x + i)) {
        Eight v = loadEight(x + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            v.x[j] = gelu<T>(v.x[j]);
        }
        storeEight(out + i, v);
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            out[j] = fromFloat<T>(gelu<T>(toFloat(x[j])));
        }
    }
}

extern "C" __global__ void gelu_f32(float* out, const float* x, long long count) {
    geluForward(out, x, count);
}

extern "C" __global__ void gelu_bf16(bf16* out, const bf16* x, long long count) {
    geluForward(out, x, count);
}

// dX may be dOut.
template <typename T>
__device__ __forceinline__ void geluBackward(T* dX, const T* dOut, const T* x, long long count) {
    long long i = globalThread() * 8;
    if (i + 8 <= count && aligned16(dX + i) && aligned16(dOut + i) && aligned16(x + i)) {
        Eight v = loadEight(x + i), d = loadEight(dOut + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            d.x[j] *= geluSlope<T>(v.x[j]);
        }
        storeEight(dX + i, d);
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            dX[j] = fromFloat<T>(toFloat(dOut[j]) * geluSlope<T>(toFloat(x[j])));
        }
    }
}

extern "C" __global__ void gelu_backward_f32(float* dX, const float* dOut, const float* x, long long count) {
    geluBackward(dX, dOut, x, count);
}

extern "C" __global__ void gelu_backward_bf16(bf16* dX, const bf16* dOut, const bf16* x, long long count) {
    geluBackward(dX, dOut, x, count);
}

// exp(-gate), at most exp(80).
template <typename T>
__device__ __forceinline__ float siluExp(float gate) {
    return expOf(fminf(fmaxf(-gate, -EXP_BOUND), EXP_BOUND), (const T*) 0);
}

template <typename T>
__device__ __forceinline__ float swiglu(float gate, float up) {
    float silu = gate < -EXP_BOUND ? 0.0f : gate / (1.0f + siluExp<T>(gate));
    return silu * up;
}

// gateUp[N, 2F] = [gate | up]; count = N * F.
template <typename T>
__device__ __forceinline__ void swigluForward(T* out, const T* gateUp, int F, long long count) {
    long long i = globalThread() * 8;
    if (F % 8 == 0 && i < count && aligned16(out) && aligned16(gateUp)) {
        const T* gate = gateUp + i / F * 2 * F + i % F;
        Eight g = loadEight(gate), u = loadEight(gate + F);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            g.x[j] = swiglu<T>(g.x[j], u.x[j]);
        }
        storeEight(out + i, g);
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            const T* gate = gateUp + j / F * 2 * F + j % F;
            out[j] = fromFloat<T>(swiglu<T>(toFloat(gate[0]), toFloat(gate[F])));
        }
    }
}

extern "C" __global__ void swiglu_f32(float* out, const float* gateUp, int F, long long count) {
    swigluForward(out, gateUp, F, count);
}

extern "C" __global__ void swiglu_bf16(bf16* out, const bf16* gateUp, int F, long long count) {
    swigluForward(out, gateUp, F, count);
}

// d silu = s (1 + gate (1 - s)).
template <typename T>
__device__ __forceinline__ void swigluSlopes(float& dGate, float& dUp, float d, float gate, float up) {
    float bounded = fminf(fmaxf(gate, -EXP_BOUND), EXP_BOUND);
    float e = siluExp<T>(bounded);
    float s = 1.0f / (1.0f + e);
    dGate = d * up * (s + bounded * s * (e * s));
    dUp = d * (gate < -EXP_BOUND ? 0.0f : gate * s);
}

template <typename T>
__device__ __forceinline__ void swigluBackward(T* dGateUp, const T* dOut, const T* gateUp, int F, long long count) {
    long long i = globalThread() * 8;
    if (F % 8 == 0 && i < count && aligned16(dGateUp) && aligned16(dOut) && aligned16(gateUp)) {
        long long at = i / F * 2 * F + i % F;
        Eight g = loadEight(gateUp + at), u = loadEight(gateUp + at + F), d = loadEight(dOut + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            float dGate, dUp;
            swigluSlopes<T>(dGate, dUp, d.x[j], g.x[j], u.x[j]);
            g.x[j] = dGate;
            u.x[j] = dUp;
        }
        storeEight(dGateUp + at, g);
        storeEight(dGateUp + at + F, u);
    } else {
        for (long long j = i; j < i + 8 && j < count; j++) {
            long long at = j / F * 2 * F + j % F;
            float dGate, dUp;
            swigluSlopes<T>(dGate, dUp, toFloat(dOut[j]), toFloat(gateUp[at]), toFloat(gateUp[at + F]));
            dGateUp[at] = fromFloat<T>(dGate);
            dGateUp[at + F] = fromFloat<T>(dUp);
        }
    }
}

extern "C" __global__ void swiglu_backward_f32(
        float* dGateUp, const float* dOut, const float* gateUp, int F, long long count) {
    swigluBackward(dGateUp, dOut, gateUp, F, count);
}

extern "C" __global__ void swiglu_backward_bf16(
        bf16* dGateUp, const bf16* dOut, const bf16* gateUp, int F, long long count) {
    swigluBackward(dGateUp, dOut, gateUp, F, count);
}
