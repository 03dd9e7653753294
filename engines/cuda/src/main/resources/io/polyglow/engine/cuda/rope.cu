// Rotary position embedding (Su et al. 2021), half-split form, in place. angles[P, D]: for each position D/2 cosines, then D/2 sines.
// One thread turns one channel pair; count = N * heads * D/2, where heads are the query and key heads at the start of a row.

template <typename T>
__device__ __forceinline__ void turn(
        T* qkv, const float* angles, int heads, int D, int timeSteps, int ld, float sign, long long count) {
    long long at = globalThread();
    if (at < count) {
        int half = D / 2;
        int i = (int) (at % half);
        int h = (int) (at / half % heads);
        long long n = at / half / heads;
        const float* row = angles + (n % timeSteps) * D;
        float c = row[i], s = sign * row[half + i];
        T* x = qkv + n * ld + (long long) h * D + i;
        float a = toFloat(x[0]), b = toFloat(x[half]);
        x[0] = fromFloat<T>(a * c - b * s);
        x[half] = fromFloat<T>(b * c + a * s);
    }
}

extern "C" __global__ void rope_f32(
        float* qkv, const float* angles, int heads, int D, int timeSteps, int ld, float sign, long long count) {
    turn(qkv, angles, heads, D, timeSteps, ld, sign, count);
}

extern "C" __global__ void rope_bf16(
        bf16* qkv, const float* angles, int heads, int D, int timeSteps, int ld, float sign, long long count) {
    turn(qkv, angles, heads, D, timeSteps, ld, sign, count);
}
