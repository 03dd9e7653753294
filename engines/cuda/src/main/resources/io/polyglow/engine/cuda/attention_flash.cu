// Causal attention of bf16 heads of 64 or 128 channels on tensor cores by mma.sync, after FlashAttention-2 (Dao 2023, arXiv 2307.08691): no matrix of
// scores is stored, the backward pass recomputes the probabilities from the log-sum-exp. attention_tiles.cuh comes before it. Attention of other shapes is in
// attention.cu, on Hopper's units of four warps in attention_wgmma.cu.
//
// Tiles lie in shared memory as rows of D elements, whose 16-byte chunks are permuted by chunk ^ (row % 8): eight lanes that read one chunk
// of eight rows (ldmatrix), or the eight chunks of one row (copies), hit all 32 banks.

constexpr int WARPS = 4;
constexpr int THREADS = WARPS * WARP;

// Four 8x8 matrices of bf16; lane i has the address of row i % 8 of matrix i / 8.
__device__ __forceinline__ Fragment loadMatrices(unsigned int address) {
    Fragment f;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(f.x[0]), "=r"(f.x[1]), "=r"(f.x[2]), "=r"(f.x[3])
                 : "r"(address)
                 : "memory");
    return f;
}

__device__ __forceinline__ Fragment loadTransposed(unsigned int address) {
    Fragment f;
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(f.x[0]), "=r"(f.x[1]), "=r"(f.x[2]), "=r"(f.x[3])
                 : "r"(address)
                 : "memory");
    return f;
}

// c[16, 8] += a[16, 16] b[16, 8]
__device__ __forceinline__ void multiply(Tile& c, const Fragment& a, unsigned int b0, unsigned int b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
                 : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ unsigned int chunkOffset(int row, int chunk) {
    return row * ROW_BYTES + ((chunk ^ (row & 7)) << 4);
}

// Where the lane reads in a 16x16 piece at the origin of a tile: matrices in the order top left, bottom left, top right, bottom right. That
// is a left operand; transposed, the right operands of two 16x8 products whose sum runs over the rows of the tile.
__device__ __forceinline__ unsigned int downThenRight(int lane) {
    return chunkOffset(lane & 15, lane >> 4);
}

// In the order top left, top right, bottom left, bottom right: the right operands of two 16x8 products whose sum runs over the columns.
__device__ __forceinline__ unsigned int rightThenDown(int lane) {
    return chunkOffset((lane & 7) + (lane >> 4 << 3), lane >> 3 & 1);
}

// The same in the 16x16 piece at (row, 16 * step), from the lane's address at the origin. Rows in steps of 16 leave the permutation as it is,
// and tiles begin at multiples of ROW_BYTES, so a step changes the bits of the chunk alone.
__device__ __forceinline__ unsigned int piece(unsigned int origin, int row, int step) {
    return (origin ^ (step << 5)) + row * ROW_BYTES;
}

// Forward ------------------------------------------------------------------------------------------------------------------------------

constexpr int FORWARD_QUERIES = 128;
constexpr int FORWARD_M = FORWARD_QUERIES / WARPS / 16;
// Larger heads need the registers for the output; they read the queries again from shared memory for each stage.
constexpr bool QUERIES_IN_REGISTERS = D == 64;

// flash_forward: writes out and lse. Block 128, grid (ceil(T / 128), H, B), dynamic shared bytes 768 * D.
// A warp has 32 query rows; stages of 64 keys come from the diagonal down. Long rows are launched first, for balance.
extern "C" __global__ void __launch_bounds__(THREADS, 2) flash_forward(
        bf16* out, float* lse, const bf16* qkv, const int* firstKeys, int B, int T, int H, int K) {
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    int h = blockIdx.y, b = blockIdx.z;
    int firstQuery = (gridDim.x - 1 - blockIdx.x) * FORWARD_QUERIES;
    int warpQuery = firstQuery + warp * FORWARD_M * 16;
    int ld = (H + 2 * K) * D;
    const bf16* queries = qkv + (long long) b * T * ld + h * D;
    const bf16* keys = qkv + (long long) b * T * ld + (H + h / (H / K)) * D;
    const bf16* values = keys + K * D;
    unsigned int queryTile = sharedAddress(shared);
    unsigned int stages = queryTile + FORWARD_QUERIES * ROW_BYTES;
    unsigned int across = downThenRight(lane), along = rightThenDown(lane);
    int warpRow = warp * FORWARD_M * 16;

    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int highestFirst = firstKeyOf(firsts, min(warpQuery + FORWARD_M * 16, T) - 1, T);
    int lowest = firstKeyOf(firsts, firstQuery, T) / STAGE;
    int last = min(firstQuery + FORWARD_QUERIES - 1, T - 1) / STAGE;
    copyTile<FORWARD_QUERIES, THREADS>(queryTile, queries, ld, firstQuery, T);
    copyTile<STAGE, THREADS>(stages, keys, ld, last * STAGE, T);
    copyTile<STAGE, THREADS>(stages + STAGE_TILE_BYTES, values, ld, last * STAGE, T);
    Fragment q[FORWARD_M][STEPS];
    if (QUERIES_IN_REGISTERS) {
        waitForCopies();
        __syncthreads();
#pragma unroll
        for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                q[m][step] = loadMatrices(piece(queryTile + across, warpRow + m * 16, step));
            }
        }
    }

    Tile o[FORWARD_M][2 * STEPS] = {};
    Softmax<FORWARD_M> softmax;
    for (int stage = last; stage >= lowest; stage--) {
        unsigned int keyTile = stages + ((last - stage) & 1) * 2 * STAGE_TILE_BYTES;
        unsigned int valueTile = keyTile + STAGE_TILE_BYTES;
        waitForCopies();
        __syncthreads();
        if (stage > lowest) {
            unsigned int next = stages + ((last - stage + 1) & 1) * 2 * STAGE_TILE_BYTES;
            copyTile<STAGE, THREADS>(next, keys, ld, (stage - 1) * STAGE, T);
            copyTile<STAGE, THREADS>(next + STAGE_TILE_BYTES, values, ld, (stage - 1) * STAGE, T);
        }
        int firstKey = stage * STAGE;
        if (firstKey > warpQuery + FORWARD_M * 16 - 1) {
            continue;
        }

        Tile s[FORWARD_M][STAGE / 8] = {};
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            Fragment a[FORWARD_M];
#pragma unroll
            for (int m = 0; m < FORWARD_M; m++) {
                a[m] = QUERIES_IN_REGISTERS ? q[m][step] : loadMatrices(piece(queryTile + across, warpRow + m * 16, step));
            }
#pragma unroll
            for (int n = 0; n < STAGE / 16; n++) {
                Fragment k = loadMatrices(piece(keyTile + along, n * 16, step));
#pragma unroll
                for (int m = 0; m < FORWARD_M; m++) {
                    multiply(s[m][2 * n], a[m], k.x[0], k.x[1]);
                    multiply(s[m][2 * n + 1], a[m], k.x[2], k.x[3]);
                }
            }
        }
        if (firstKey + STAGE - 1 > warpQuery || firstKey < highestFirst) {
            hideKeys(s, warpQuery, firstKey, firsts, T);
        }
        softmax.raise(s, o);

#pragma unroll
        for (int k = 0; k < STAGE / 16; k++) {
            Fragment p[FORWARD_M];
#pragma unroll
            for (int m = 0; m < FORWARD_M; m++) {
                p[m] = softmax.exponentials(m, s[m][2 * k], s[m][2 * k + 1]);
            }
#pragma unroll
            for (int n = 0; n < STEPS; n++) {
                Fragment v = loadTransposed(piece(valueTile + across, k * 16, n));
#pragma unroll
                for (int m = 0; m < FORWARD_M; m++) {
                    multiply(o[m][2 * n], p[m], v.x[0], v.x[1]);
                    multiply(o[m][2 * n + 1], p[m], v.x[2], v.x[3]);
                }
            }
        }
    }

    float factor[FORWARD_M][2];
    softmax.finish(factor, lse + ((long long) b * H + h) * T, warpQuery, T);
    storeRows<FORWARD_M>(
            out + ((long long) b * T * H + h) * D, H * D, warpQuery, T, shared + warpRow * ROW_BYTES, o, factor);
}

// Backward -----------------------------------------------------------------------------------------------------------------------------

// Both backward kernels keep the operands of a block's own side (keys and values, or queries and dOut) and its sums in registers; that is
// what decides how many 16-row tiles a warp can have. With P = exp(scores - lse), dS = P * (dOut V^T - delta); the subtraction costs nothing,
// the product starts from -delta.
constexpr int BACKWARD_M = D == 64 ? 2 : 1;
constexpr int BACKWARD_ROWS = WARPS * BACKWARD_M * 16;
// Keys that a warp of flash_backward_q takes at once.
constexpr int BACKWARD_KEYS = 32;

__device__ __forceinline__ void loadOwn(Fragment (&own)[BACKWARD_M][STEPS], unsigned int tile, int warpRow, unsigned int across) {
#pragma unroll
    for (int m = 0; m < BACKWARD_M; m++) {
#pragma unroll
        for (int step = 0; step < STEPS; step++) {
            own[m][step] = loadMatrices(piece(tile + across, warpRow + m * 16, step));
        }
    }
}

// flash_backward_kv: writes the key and value heads of dQkv. Block 128, grid (ceil(T / R), K, B) with R = 128 for D = 64, 64 for D = 128;
// dynamic shared bytes 65536 + 1024 for D = 64, 98304 + 1024 for D = 128.
// Works on transposed scores, keys down and queries across, so that the probabilities and their gradients come out of the first
// products as left operands of the second ones. Loops over stages of 64 queries (with their dOut, lse and delta) from the diagonal on, for
// each query head of the group. Block 0, which has the most queries, is launched first.
extern "C" __global__ void __launch_bounds__(THREADS, 2) flash_backward_kv(
        bf16* dQkv,
        const bf16* dOut,
        const float* lse,
        const float* delta,
        const bf16* qkv,
        const int* firstKeys,
        int B,
        int T,
        int H,
        int K) {
    constexpr int M = BACKWARD_M;
    constexpr int STAGE_BYTES = 2 * STAGE_TILE_BYTES + 2 * STAGE * 4;
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    int kvHead = blockIdx.y, b = blockIdx.z;
    int firstKey = blockIdx.x * BACKWARD_ROWS;
    int warpRow = warp * M * 16, warpKey = firstKey + warpRow;
    int ld = (H + 2 * K) * D;
    const bf16* sequence = qkv + (long long) b * T * ld;
    unsigned int keyTile = sharedAddress(shared);
    unsigned int valueTile = keyTile + BACKWARD_ROWS * ROW_BYTES;
    unsigned int stages = valueTile + BACKWARD_ROWS * ROW_BYTES;
    unsigned int across = downThenRight(lane), along = rightThenDown(lane);

    auto copyStage = [&](int index, int h, int first) {
        unsigned int stage = stages + index * STAGE_BYTES;
        copyTile<STAGE, THREADS>(stage, sequence + h * D, ld, first, T);
        copyTile<STAGE, THREADS>(stage + STAGE_TILE_BYTES, dOut + ((long long) b * T * H + h) * D, H * D, first, T);
        int i = threadIdx.x % STAGE;
        const float* statistic = threadIdx.x < STAGE ? lse : delta;
        copyFloat(stage + 2 * STAGE_TILE_BYTES + threadIdx.x * 4, statistic + ((long long) b * H + h) * T + first + i, first + i < T);
    };

    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int lastKey = min(firstKey + BACKWARD_ROWS, T) - 1;
    int firstStage = firstKey / STAGE * STAGE;
    int h = kvHead * (H / K), query = firstStage;
    copyTile<BACKWARD_ROWS, THREADS>(keyTile, sequence + (H + kvHead) * D, ld, firstKey, T);
    copyTile<BACKWARD_ROWS, THREADS>(valueTile, sequence + (H + K + kvHead) * D, ld, firstKey, T);
    copyStage(0, h, query);
    waitForCopies();
    __syncthreads();
    Fragment k[M][STEPS], v[M][STEPS];
    loadOwn(k, keyTile, warpRow, across);
    loadOwn(v, valueTile, warpRow, across);

    Tile dK[M][2 * STEPS] = {}, dV[M][2 * STEPS] = {};
    int index = 0;
    while (h < (kvHead + 1) * (H / K)) {
        int nextQuery = query + STAGE, nextHead = h;
        if (nextQuery >= T || firstKeyOf(firsts, nextQuery, T) > lastKey) {
            nextQuery = firstStage;
            nextHead++;
        }
        waitForCopies();
        __syncthreads();
        if (nextHead < (kvHead + 1) * (H / K)) {
            copyStage(index ^ 1, nextHead, nextQuery);
        }
        unsigned int queryTile = stages + index * STAGE_BYTES;
        unsigned int dOutTile = queryTile + STAGE_TILE_BYTES;
        const float* statistics =
                (const float*) (shared + 2 * BACKWARD_ROWS * ROW_BYTES + index * STAGE_BYTES + 2 * STAGE_TILE_BYTES);

#pragma unroll 1
        for (int c = 0; c < STAGE; c += 16) {
            if (query + c + 15 < warpKey) {
                continue;
            }
            Tile p[M][2] = {}, dS[M][2];
#pragma unroll
            for (int n = 0; n < 2; n++) {
                float2 columnDelta = *(const float2*) (statistics + STAGE + c + n * 8 + lane % 4 * 2);
#pragma unroll
                for (int m = 0; m < M; m++) {
                    dS[m][n] = {{-columnDelta.x, -columnDelta.y, -columnDelta.x, -columnDelta.y}};
                }
            }
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                Fragment q = loadMatrices(piece(queryTile + c * ROW_BYTES + along, 0, step));
                Fragment d = loadMatrices(piece(dOutTile + c * ROW_BYTES + along, 0, step));
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply(p[m][0], k[m][step], q.x[0], q.x[1]);
                    multiply(p[m][1], k[m][step], q.x[2], q.x[3]);
                    multiply(dS[m][0], v[m][step], d.x[0], d.x[1]);
                    multiply(dS[m][1], v[m][step], d.x[2], d.x[3]);
                }
            }
            if (query + c < warpKey + M * 16 - 1 || firstKeyOf(firsts, min(query + c + 16, T) - 1, T) > warpKey) {
                hideQueries(p, warpKey, query + c, firsts, T);
            }
#pragma unroll
            for (int n = 0; n < 2; n++) {
                float2 columnLse = *(const float2*) (statistics + c + n * 8 + lane % 4 * 2);
#pragma unroll
                for (int m = 0; m < M; m++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        float minus = (i % 2 == 0 ? columnLse.x : columnLse.y) * -LOG2_E;
                        float x = exp2Fast(fmaf(p[m][n].x[i], SCALE * LOG2_E, minus));
                        p[m][n].x[i] = x;
                        dS[m][n].x[i] *= x;
                    }
                }
            }
            Fragment pLeft[M], dSLeft[M];
#pragma unroll
            for (int m = 0; m < M; m++) {
                pLeft[m] = leftOperand(p[m][0], p[m][1]);
                dSLeft[m] = leftOperand(dS[m][0], dS[m][1]);
            }
#pragma unroll
            for (int n = 0; n < STEPS; n++) {
                Fragment d = loadTransposed(piece(dOutTile + c * ROW_BYTES + across, 0, n));
                Fragment q = loadTransposed(piece(queryTile + c * ROW_BYTES + across, 0, n));
#pragma unroll
                for (int m = 0; m < M; m++) {
                    multiply(dV[m][2 * n], pLeft[m], d.x[0], d.x[1]);
                    multiply(dV[m][2 * n + 1], pLeft[m], d.x[2], d.x[3]);
                    multiply(dK[m][2 * n], dSLeft[m], q.x[0], q.x[1]);
                    multiply(dK[m][2 * n + 1], dSLeft[m], q.x[2], q.x[3]);
                }
            }
        }
        h = nextHead;
        query = nextQuery;
        index ^= 1;
    }

    float scales[M][2], ones[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
        scales[m][0] = scales[m][1] = SCALE;
        ones[m][0] = ones[m][1] = 1.0f;
    }
    bf16* dKeys = dQkv + (long long) b * T * ld + (H + kvHead) * D;
    storeRows<M>(dKeys, ld, warpKey, T, shared + warpRow * ROW_BYTES, dK, scales);
    storeRows<M>(dKeys + K * D, ld, warpKey, T, shared + (BACKWARD_ROWS + warpRow) * ROW_BYTES, dV, ones);
}

// flash_backward_q: writes the query heads of dQkv. Block 128, grid (ceil(T / R), H, B) with R = 128 for D = 64, 64 for D = 128; dynamic
// shared bytes 65536 for D = 64, 98304 for D = 128. Loops over stages of 64 keys up to the diagonal. Long rows are launched first.
extern "C" __global__ void __launch_bounds__(THREADS, 2) flash_backward_q(
        bf16* dQkv,
        const bf16* dOut,
        const float* lse,
        const float* delta,
        const bf16* qkv,
        const int* firstKeys,
        int B,
        int T,
        int H,
        int K) {
    constexpr int M = BACKWARD_M;
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    int h = blockIdx.y, b = blockIdx.z;
    int firstQuery = (gridDim.x - 1 - blockIdx.x) * BACKWARD_ROWS;
    int warpRow = warp * M * 16, warpQuery = firstQuery + warpRow;
    int ld = (H + 2 * K) * D;
    const bf16* queries = qkv + (long long) b * T * ld + h * D;
    const bf16* keys = qkv + (long long) b * T * ld + (H + h / (H / K)) * D;
    const bf16* values = keys + K * D;
    unsigned int queryTile = sharedAddress(shared);
    unsigned int dOutTile = queryTile + BACKWARD_ROWS * ROW_BYTES;
    unsigned int stages = dOutTile + BACKWARD_ROWS * ROW_BYTES;
    unsigned int across = downThenRight(lane), along = rightThenDown(lane);

    copyTile<BACKWARD_ROWS, THREADS>(queryTile, queries, ld, firstQuery, T);
    copyTile<BACKWARD_ROWS, THREADS>(dOutTile, dOut + ((long long) b * T * H + h) * D, H * D, firstQuery, T);
    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int highestFirst = firstKeyOf(firsts, min(warpQuery + M * 16, T) - 1, T);
    int begin = firstKeyOf(firsts, firstQuery, T) / STAGE * STAGE;
    copyTile<STAGE, THREADS>(stages, keys, ld, begin, T);
    copyTile<STAGE, THREADS>(stages + STAGE_TILE_BYTES, values, ld, begin, T);
    float rowLse[M][2], rowDelta[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            int row = warpQuery + m * 16 + r * 8 + lane / 4;
            long long at = ((long long) b * H + h) * T + row;
            rowLse[m][r] = row < T ? lse[at] * LOG2_E : 0.0f;
            rowDelta[m][r] = row < T ? delta[at] : 0.0f;
        }
    }
    waitForCopies();
    __syncthreads();
    Fragment q[M][STEPS], d[M][STEPS];
    loadOwn(q, queryTile, warpRow, across);
    loadOwn(d, dOutTile, warpRow, across);

    Tile dQ[M][2 * STEPS] = {};
    int end = min(firstQuery + BACKWARD_ROWS, T);
    for (int firstKey = begin; firstKey < end; firstKey += STAGE) {
        unsigned int keyTile = stages + ((firstKey - begin) / STAGE & 1) * 2 * STAGE_TILE_BYTES;
        unsigned int valueTile = keyTile + STAGE_TILE_BYTES;
        waitForCopies();
        __syncthreads();
        if (firstKey + STAGE < end) {
            unsigned int next = stages + ((firstKey - begin) / STAGE + 1 & 1) * 2 * STAGE_TILE_BYTES;
            copyTile<STAGE, THREADS>(next, keys, ld, firstKey + STAGE, T);
            copyTile<STAGE, THREADS>(next + STAGE_TILE_BYTES, values, ld, firstKey + STAGE, T);
        }
#pragma unroll 1
        for (int c = 0; c < STAGE; c += BACKWARD_KEYS) {
            if (firstKey + c > warpQuery + M * 16 - 1) {
                break;
            }
            Tile s[M][BACKWARD_KEYS / 8] = {}, dS[M][BACKWARD_KEYS / 8];
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int n = 0; n < BACKWARD_KEYS / 8; n++) {
                    dS[m][n] = {{-rowDelta[m][0], -rowDelta[m][0], -rowDelta[m][1], -rowDelta[m][1]}};
                }
            }
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
#pragma unroll
                for (int n = 0; n < BACKWARD_KEYS / 16; n++) {
                    Fragment k = loadMatrices(piece(keyTile + c * ROW_BYTES + along, n * 16, step));
                    Fragment v = loadMatrices(piece(valueTile + c * ROW_BYTES + along, n * 16, step));
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        multiply(s[m][2 * n], q[m][step], k.x[0], k.x[1]);
                        multiply(s[m][2 * n + 1], q[m][step], k.x[2], k.x[3]);
                        multiply(dS[m][2 * n], d[m][step], v.x[0], v.x[1]);
                        multiply(dS[m][2 * n + 1], d[m][step], v.x[2], v.x[3]);
                    }
                }
            }
            if (firstKey + c + BACKWARD_KEYS - 1 > warpQuery || firstKey + c < highestFirst) {
                hideKeys(s, warpQuery, firstKey + c, firsts, T);
            }
#pragma unroll
            for (int n = 0; n < BACKWARD_KEYS / 16; n++) {
                Fragment left[M];
#pragma unroll
                for (int m = 0; m < M; m++) {
#pragma unroll
                    for (int half = 2 * n; half < 2 * n + 2; half++) {
#pragma unroll
                        for (int i = 0; i < 4; i++) {
                            dS[m][half].x[i] *= exp2Fast(fmaf(s[m][half].x[i], SCALE * LOG2_E, -rowLse[m][i / 2]));
                        }
                    }
                    left[m] = leftOperand(dS[m][2 * n], dS[m][2 * n + 1]);
                }
#pragma unroll
                for (int step = 0; step < STEPS; step++) {
                    Fragment k = loadTransposed(piece(keyTile + c * ROW_BYTES + across, n * 16, step));
#pragma unroll
                    for (int m = 0; m < M; m++) {
                        multiply(dQ[m][2 * step], left[m], k.x[0], k.x[1]);
                        multiply(dQ[m][2 * step + 1], left[m], k.x[2], k.x[3]);
                    }
                }
            }
        }
    }

    float scales[M][2];
#pragma unroll
    for (int m = 0; m < M; m++) {
        scales[m][0] = scales[m][1] = SCALE;
    }
    storeRows<M>(dQkv + (long long) b * T * ld + h * D, ld, warpQuery, T, shared + warpRow * ROW_BYTES, dQ, scales);
}
