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

// Gradients of a token table without float atomics: the rows of each token are listed, in any order, by counts that are atomic; who adds them up sorts them first. Scratch, zero at the
// beginning: count[V] rows of each token, taken[V] of its list already there, cursor[1] where the next list begins; begin[V] and list[N] need no value.

// Counts: one thread a row, grid N / 256.
extern "C" __global__ void token_count(int* count, const int* tokens, int V, int N) {
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N && tokens[n] >= 0 && tokens[n] < V) {
        atomicAdd(count + tokens[n], 1);
    }
}

// Gives each token a part of the list: one thread a token, grid V / 256.
extern "C" __global__ void token_begin(int* begin, int* cursor, const int* count, int V) {
    int v = blockIdx.x * blockDim.x + threadIdx.x;
    if (v < V && count[v] > 0) {
        begin[v] = atomicAdd(cursor, count[v]);
    }
}

// Lists: one thread a row, grid N / 256.
extern "C" __global__ void token_list(int* list, int* taken, const int* begin, const int* tokens, int V, int N) {
    int n = blockIdx.x * blockDim.x + threadIdx.x;
    if (n < N && tokens[n] >= 0 && tokens[n] < V) {
        int v = tokens[n];
        list[begin[v] + atomicAdd(taken + v, 1)] = n;
    }
}

#define TOKEN_THREADS 256
#define TOKEN_WARPS (TOKEN_THREADS / WARP)
// Rows that are on their way at once.
#define TOKEN_ROWS 4
// The longest list that is sorted, each row by counting those before it; for a longer one all tokens are looked at, in order.
#define TOKEN_LIST 1024

// Adds the listed rows, in the order of the list, for 4 channels of the thread from c on.
__device__ __forceinline__ void addRows(float (&sum)[4], const float* dOut, const int* rows, int count, int c, int C) {
    for (int i = 0; i < count; i += TOKEN_ROWS) {
        float x[TOKEN_ROWS][4];
#pragma unroll
        for (int j = 0; j < TOKEN_ROWS; j++) {
            const float* row = dOut + (long long) rows[min(i + j, count - 1)] * C;
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

// dTable[v] += the rows of dOut whose token is v, in row order. One block of 256 threads a table row and 1024 channels: grid (V, C / 1024).
extern "C" __global__ void __launch_bounds__(TOKEN_THREADS) embedding_backward_tokens(
        float* dTable, const float* dOut, const int* tokens, const int* count, const int* begin, const int* list, int C, int N) {
    __shared__ int rows[TOKEN_LIST];
    __shared__ int counts[TOKEN_WARPS];
    int v = blockIdx.x;
    int found = count[v];
    if (found == 0) {
        return;
    }
    int c = blockIdx.y * TOKEN_THREADS * 4 + threadIdx.x;
    float sum[4] = {};
    if (found <= TOKEN_LIST) {
        const int* mine = list + begin[v];
        for (int i = threadIdx.x; i < found; i += TOKEN_THREADS) {
            int row = mine[i], rank = 0;
            for (int j = 0; j < found; j++) {
                rank += mine[j] < row ? 1 : 0;
            }
            rows[rank] = row;
        }
        __syncthreads();
        addRows(sum, dOut, rows, found, c, C);
    } else {
        int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
        for (int from = 0; from < N; from += TOKEN_THREADS) {
            int n = from + threadIdx.x;
            bool hit = n < N && tokens[n] == v;
            unsigned int hits = __ballot_sync(FULL_MASK, hit);
            if (lane == 0) {
                counts[warp] = __popc(hits);
            }
            __syncthreads();
            int before = 0, all = 0;
            for (int w = 0; w < TOKEN_WARPS; w++) {
                before += w < warp ? counts[w] : 0;
                all += counts[w];
            }
            if (hit) {
                rows[before + __popc(hits & ((1u << lane) - 1))] = n;
            }
            __syncthreads();
            addRows(sum, dOut, rows, all, c, C);
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
