// AdamW (Loshchilov and Hutter 2019), with the new weights in bf16 where they are wanted, and the sums of squares for the global norm.

#define ADAM_ELEMENTS 4

__device__ __forceinline__ void adamwOne(
        float* w, float* m, float* v, float g, float learningRate, float beta1, float oneMinusBeta1, float beta2, float oneMinusBeta2,
        float epsilon, float weightDecay, float correction1, float correction2, float gradScale) {
    float d = g * gradScale;
    *m = beta1 * *m + oneMinusBeta1 * d;
    *v = beta2 * *v + oneMinusBeta2 * d * d;
    float update = *m / correction1 / (sqrtf(*v / correction2) + epsilon);
    *w -= learningRate * (update + weightDecay * *w);
}

// What one launch works on: as many tensors as parameters of a kernel may hold (4,096 bytes). Tensor i has the blocks of the grid from firstBlock on.
#define ADAM_TENSORS 72
#define SQUARE_TENSORS 160

struct AdamTensor {
    float *w, *m, *v;
    const float* g;
    bf16* copy;
    long long count, firstBlock;
};

struct AdamTensors {
    AdamTensor of[ADAM_TENSORS];
};

struct SquareTensor {
    const void* x;
    long long count, firstBlock;
};

struct SquareTensors {
    SquareTensor of[SQUARE_TENSORS];
};

// The last of the tensors whose first block is not after this one; by halves, the same for all threads of a block.
template <typename T>
__device__ __forceinline__ const auto& tensorOfBlock(const T& tensors, int count) {
    int low = 0, high = count;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (tensors.of[middle].firstBlock <= blockIdx.x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return tensors.of[low];
}

// Every element by itself, so that the bits do not depend on how parameters are cut; 4 a thread, 1,024 a block.
extern "C" __global__ void __launch_bounds__(256) adamw(
        float learningRate, float beta1, float oneMinusBeta1, float beta2, float oneMinusBeta2, float epsilon, float weightDecay,
        float correction1, float correction2, float gradScale, int tensorCount, const __grid_constant__ AdamTensors tensors) {
    const AdamTensor& tensor = tensorOfBlock(tensors, tensorCount);
    float *w = tensor.w, *m = tensor.m, *v = tensor.v;
    const float* g = tensor.g;
    bf16* copy = tensor.copy;
    long long count = tensor.count;
    long long i = ((blockIdx.x - tensor.firstBlock) * blockDim.x + threadIdx.x) * ADAM_ELEMENTS;
    if (i + ADAM_ELEMENTS <= count && aligned16(w + i) && aligned16(m + i) && aligned16(v + i) && aligned16(g + i)
            && (!copy || ((unsigned long long) (copy + i) & 7) == 0)) {
        float4 weight = *(float4*) (w + i), mean = *(float4*) (m + i), square = *(float4*) (v + i), d = *(const float4*) (g + i);
        float* x[] = {&weight.x, &weight.y, &weight.z, &weight.w};
        float* y[] = {&mean.x, &mean.y, &mean.z, &mean.w};
        float* z[] = {&square.x, &square.y, &square.z, &square.w};
        float gradient[] = {d.x, d.y, d.z, d.w};
#pragma unroll
        for (int j = 0; j < ADAM_ELEMENTS; j++) {
            adamwOne(x[j], y[j], z[j], gradient[j], learningRate, beta1, oneMinusBeta1, beta2, oneMinusBeta2, epsilon, weightDecay,
                    correction1, correction2, gradScale);
        }
        *(float4*) (w + i) = weight;
        *(float4*) (m + i) = mean;
        *(float4*) (v + i) = square;
        if (copy) {
            uint2 narrow;
            asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(narrow.x) : "f"(weight.y), "f"(weight.x));
            asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(narrow.y) : "f"(weight.w), "f"(weight.z));
            *(uint2*) (copy + i) = narrow;
        }
        return;
    }
    for (long long j = i; j < i + ADAM_ELEMENTS && j < count; j++) {
        adamwOne(w + j, m + j, v + j, g[j], learningRate, beta1, oneMinusBeta1, beta2, oneMinusBeta2, epsilon, weightDecay, correction1,
                correction2, gradScale);
        if (copy) {
            copy[j] = fromFloat<bf16>(w[j]);
        }
    }
}

#define SQUARE_THREADS 512
#define SQUARE_WARPS (SQUARE_THREADS / WARP)

// out[b] = sum of squares of block b in double, counted over all tensors; one block of 512 threads each.
template <typename T>
__device__ __forceinline__ void squares(double* out, long long blockSize, int tensorCount, const SquareTensors& tensors) {
    __shared__ double shared[SQUARE_WARPS];
    const SquareTensor& tensor = tensorOfBlock(tensors, tensorCount);
    const T* x = (const T*) tensor.x;
    long long begin = (blockIdx.x - tensor.firstBlock) * blockSize;
    long long end = begin + blockSize < tensor.count ? begin + blockSize : tensor.count;
    long long whole = aligned16(x + begin) ? begin + (end - begin) / 8 * 8 : begin;
    double sum = 0.0;
#pragma unroll 4
    for (long long i = begin + threadIdx.x * 8; i < whole; i += SQUARE_THREADS * 8) {
        Eight v = loadEight(x + i);
#pragma unroll
        for (int j = 0; j < 8; j++) {
            sum += (double) v.x[j] * v.x[j];
        }
    }
    for (long long i = whole + threadIdx.x; i < end; i += SQUARE_THREADS) {
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
        for (int w = 0; w < SQUARE_WARPS; w++) {
            total += shared[w];
        }
        out[blockIdx.x] = total;
    }
}

extern "C" __global__ void __launch_bounds__(SQUARE_THREADS) sum_of_squares_f32(
        double* out, long long blockSize, int tensorCount, const __grid_constant__ SquareTensors tensors) {
    squares<float>(out, blockSize, tensorCount, tensors);
}

extern "C" __global__ void __launch_bounds__(SQUARE_THREADS) sum_of_squares_bf16(
        double* out, long long blockSize, int tensorCount, const __grid_constant__ SquareTensors tensors) {
    squares<bf16>(out, blockSize, tensorCount, tensors);
}
