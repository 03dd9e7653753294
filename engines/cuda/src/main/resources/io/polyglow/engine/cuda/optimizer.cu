// AdamW (Loshchilov and Hutter 2019), with the new weights in bf16 where they are wanted, and the sums of squares for the global norm.

// Every element by itself, so that the bits do not depend on how parameters are cut. 8 elements a thread would starve small pieces: 4.
extern "C" __global__ void __launch_bounds__(256) adamw(
        float* w, float* m, float* v, const float* g, float learningRate, float beta1, float oneMinusBeta1, float beta2, float oneMinusBeta2,
        float epsilon, float weightDecay, float correction1, float correction2, float gradScale, long long count, bf16* copy) {
    long long i = globalThread();
    if (i < count) {
        float d = g[i] * gradScale;
        float mean = beta1 * m[i] + oneMinusBeta1 * d;
        float square = beta2 * v[i] + oneMinusBeta2 * d * d;
        float update = mean / correction1 / (sqrtf(square / correction2) + epsilon);
        m[i] = mean;
        v[i] = square;
        float weight = w[i] - learningRate * (update + weightDecay * w[i]);
        w[i] = weight;
        if (copy) {
            copy[i] = fromFloat<bf16>(weight);
        }
    }
}

// out[b] = sum of squares of block b of x in double; one block of 256 threads each, grid count / blockSize.
template <typename T>
__device__ __forceinline__ void squares(double* out, const T* x, long long blockSize, long long count) {
    __shared__ double shared[8];
    long long begin = blockIdx.x * blockSize;
    long long end = begin + blockSize < count ? begin + blockSize : count;
    double sum = 0.0;
#pragma unroll 4
    for (long long i = begin + threadIdx.x; i < end; i += 256) {
        double value = toFloat(x[i]);
        sum += value * value;
    }
    sum = warpSum(sum);
    if (threadIdx.x % WARP == 0) {
        shared[threadIdx.x / WARP] = sum;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        double total = 0.0;
        for (int w = 0; w < 8; w++) {
            total += shared[w];
        }
        out[blockIdx.x] = total;
    }
}

extern "C" __global__ void __launch_bounds__(256) sum_of_squares_f32(
        double* out, const float* x, long long blockSize, long long count) {
    squares(out, x, blockSize, count);
}

extern "C" __global__ void __launch_bounds__(256) sum_of_squares_bf16(
        double* out, const bf16* x, long long blockSize, long long count) {
    squares(out, x, blockSize, count);
}
