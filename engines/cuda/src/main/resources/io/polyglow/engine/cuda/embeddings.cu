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

// dTable[v] += the rows of dOut whose token is v, in row order. One warp a table row and 128 channels: grid (V / 4, C / 128), block (32, 4).
extern "C" __global__ void embedding_backward_tokens(
        float* dTable, const int* tokens, const float* dOut, const unsigned int* first, const int* last, int C, int V) {
    int v = blockIdx.x * blockDim.y + threadIdx.y;
    if (v >= V || last[v] < 0) {
        return;
    }
    int lane = threadIdx.x;
    int c = blockIdx.y * 128 + lane;
    float sum[4] = {0.0f, 0.0f, 0.0f, 0.0f};
    int end = last[v];
    for (int from = (int) first[v]; from <= end; from += WARP) {
        unsigned int hits = __ballot_sync(FULL_MASK, from + lane <= end && tokens[from + lane] == v);
        while (hits) {
            const float* row = dOut + (long long) (from + __ffs(hits) - 1) * C;
            hits &= hits - 1;
#pragma unroll
            for (int i = 0; i < 4; i++) {
                sum[i] += c + i * WARP < C ? row[c + i * WARP] : 0.0f;
            }
        }
    }
#pragma unroll
    for (int i = 0; i < 4; i++) {
        if (c + i * WARP < C) {
            dTable[(long long) v * C + c + i * WARP] += sum[i];
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
