// Token and position embeddings. Forward: one block of 128 threads a row. Backward without float atomics, in row order.

template <typename T>
__device__ __forceinline__ void embed(
        float* out, const int* tokens, const T* tokenTable, const T* positionTable, int C, int V, int timeSteps, int firstPosition) {
    long long n = blockIdx.x;
    int token = tokens[n];
    const T* row = tokenTable + (long long) token * C;
    const T* position = positionTable ? positionTable + (firstPosition + n % timeSteps) * C : (const T*) 0;
    for (int c = threadIdx.x; c < C; c += blockDim.x) {
        // an id outside the table poisons the row, so that the loss shows it
        float y = token >= 0 && token < V ? toFloat(row[c]) : __int_as_float(0x7fffffff);
        out[n * C + c] = y + (position ? toFloat(position[c]) : 0.0f);
    }
}

extern "C" __global__ void embedding_f32(
        float* out, const int* tokens, const float* tokenTable, const float* positionTable, int C, int V, int timeSteps, int firstPosition) {
    embed(out, tokens, tokenTable, positionTable, C, V, timeSteps, firstPosition);
}

extern "C" __global__ void embedding_bf16(
        float* out, const int* tokens, const bf16* tokenTable, const bf16* positionTable, int C, int V, int timeSteps, int firstPosition) {
    embed(out, tokens, tokenTable, positionTable, C, V, timeSteps, firstPosition);
}

// first[V] = V's first row, last[V] = its last one; before: first is all ones (as unsigned the largest), last all ones (-1).
// Grid: N / 256 blocks.
extern "C" __global__ void token_span(unsigned int* first, int* last, const int* tokens, int V, int N) {
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N && tokens[n] >= 0 && tokens[n] < V) {
        atomicMin(first + tokens[n], (unsigned int) n);
        atomicMax(last + tokens[n], n);
    }
}

#define TOKEN_THREADS 256
#define TOKEN_WARPS (TOKEN_THREADS / WARP)
#define TOKEN_ROWS 4

// dTable[v] += the rows of dOut whose token is v, in row order. One block of 256 threads a table row and 1024 channels: grid (V, C / 1024). The block looks at
// 256 tokens at a time and lists the rows that it finds, so that several are on their way at once.
extern "C" __global__ void __launch_bounds__(TOKEN_THREADS) embedding_backward_tokens(
        float* dTable, const int* tokens, const float* dOut, const unsigned int* first, const int* last, int C, int V) {
    __shared__ int rows[2][TOKEN_WARPS][WARP];
    __shared__ int counts[2][TOKEN_WARPS];
    int v = blockIdx.x;
    int end = last[v];
    if (end < 0) {
        return;
    }
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    int c = blockIdx.y * TOKEN_THREADS * 4 + threadIdx.x;
    float sum[4] = {};
    int side = 0;
    for (int from = (int) first[v]; from <= end; from += TOKEN_THREADS, side ^= 1) {
        int n = from + threadIdx.x;
        bool hit = n <= end && tokens[n] == v;
        unsigned int hits = __ballot_sync(FULL_MASK, hit);
        if (hit) {
            rows[side][warp][__popc(hits & ((1u << lane) - 1))] = n;
        }
        if (lane == 0) {
            counts[side][warp] = __popc(hits);
        }
        // the other side is written before the next barrier, so one is enough
        __syncthreads();
        for (int w = 0; w < TOKEN_WARPS; w++) {
            int count = counts[side][w];
            for (int i = 0; i < count; i += TOKEN_ROWS) {
                float x[TOKEN_ROWS][4];
#pragma unroll
                for (int j = 0; j < TOKEN_ROWS; j++) {
                    const float* row = dOut + (long long) rows[side][w][min(i + j, count - 1)] * C;
#pragma unroll
                    for (int k = 0; k < 4; k++) {
                        x[j][k] = i + j < count && c + k * TOKEN_THREADS < C ? row[c + k * TOKEN_THREADS] : 0.0f;
                    }
                }
#pragma unroll
                for (int j = 0; j < TOKEN_ROWS; j++) {
#pragma unroll
                    for (int k = 0; k < 4; k++) {
                        sum[k] += x[j][k];
                    }
                }
            }
        }
    }
#pragma unroll
    for (int k = 0; k < 4; k++) {
        if (c + k * TOKEN_THREADS < C) {
            dTable[(long long) v * C + c + k * TOKEN_THREADS] += sum[k];
        }
    }
}

// dTable[t] += dOut[b * T + t] for all b, in order. One thread a (position, channel): grid T * C / 256.
extern "C" __global__ void embedding_backward_positions(float* dTable, const float* dOut, int B, long long rowElements) {
    long long i = globalThread();
    if (i < rowElements) {
        float sum = 0.0f;
        for (int b = 0; b < B; b++) {
            sum += dOut[b * rowElements + i];
        }
        dTable[i] += sum;
    }
}
