// Causal attention of bf16 heads of HEAD_DIM 64 or 128 channels (compile with -DHEAD_DIM=64 or 128) on tensor cores, after FlashAttention-2
// (Dao 2023, arXiv 2307.08691): no matrix of scores is stored, the backward pass recomputes the probabilities from the log-sum-exp.
// Attention of other shapes is in attention.cu.
//
// Dims: B sequences, T time steps (any), H query heads, K key/value heads (K divides H), D = HEAD_DIM.
//   qkv, dQkv [B*T, (H + 2K) * D] bf16   H query heads, then K key heads, then K value heads
//   out, dOut [B*T, H * D] bf16
//   lse       [B, H, T] float            natural logarithm of the sum of the exponentials of the scaled scores
//   delta     [B, H, T] float            dot product of dOut and out
//   firstKeys [B*T] int                  the first key that a row sees, counted within its sequence, never decreasing there; null: the first row.
//                                        Stages of keys (or queries) that no row of a block sees are left out.
// The bf16 pointers are 16-byte aligned. Sums are f32; probabilities and their gradients are rounded to bf16 for the second matrix products.
// The bits are the same on every call: each output element is summed by one warp, in a fixed order.
//
// Tiles lie in shared memory as rows of D elements, whose 16-byte chunks are permuted by chunk ^ (row % 8): eight lanes that read one chunk
// of eight rows (ldmatrix), or the eight chunks of one row (copies), hit all 32 banks. Rows beyond T are filled with zeros; causality
// hides such keys from all rows that are stored, and such queries add zeros to the gradients of the keys.

typedef unsigned short bf16;

#define WARP 32
#define FULL_MASK 0xffffffffu
#define WARPS 4
#define THREADS (WARPS * WARP)

constexpr int D = HEAD_DIM;
constexpr int CHUNKS = D / 8;
constexpr int ROW_BYTES = 2 * D;
constexpr int STEPS = D / 16;
constexpr float SCALE = D == 64 ? 0.125f : 0.08838834764831845f;
constexpr float LOG2_E = 1.4426950408889634f;

// A stage is the part of the other side that a block has in shared memory at a time; there are two, one in use and one on its way.
constexpr int STAGE = 64;
constexpr int STAGE_TILE_BYTES = STAGE * ROW_BYTES;

static_assert(D == 64 || D == 128, "HEAD_DIM is 64 or 128");

__device__ __forceinline__ unsigned int sharedAddress(const void* p) {
    return (unsigned int) __cvta_generic_to_shared(p);
}

// Copies 16 bytes to shared memory, asynchronously; zeros if not valid, and then from is not read.
__device__ __forceinline__ void copyChunk(unsigned int to, const void* from, bool valid) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(valid ? 16 : 0) : "memory");
}

__device__ __forceinline__ void copyFloat(unsigned int to, const float* from, bool valid) {
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(to), "l"(from), "r"(valid ? 4 : 0) : "memory");
}

// Waits for all copies of this thread.
__device__ __forceinline__ void waitForCopies() {
    asm volatile("cp.async.wait_all;" ::: "memory");
}

struct Fragment {
    unsigned int x[4];
};

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

// Element i of a lane lies in row lane / 4 + 8 * (i / 2), column 2 * (lane % 4) + i % 2 of a 16x8 tile.
struct Tile {
    float x[4];
};

// c[16, 8] += a[16, 16] b[16, 8]
__device__ __forceinline__ void multiply(Tile& c, const Fragment& a, unsigned int b0, unsigned int b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c.x[0]), "+f"(c.x[1]), "+f"(c.x[2]), "+f"(c.x[3])
                 : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "r"(b0), "r"(b1));
}

__device__ __forceinline__ unsigned int pack(float low, float high) {
    unsigned int packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

__device__ __forceinline__ float exp2Fast(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}

// Two neighbouring 16x8 tiles as the left operand of a product.
__device__ __forceinline__ Fragment leftOperand(const Tile& left, const Tile& right) {
    return {{pack(left.x[0], left.x[1]), pack(left.x[2], left.x[3]), pack(right.x[0], right.x[1]), pack(right.x[2], right.x[3])}};
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

// Starts the copy of rows first ... first + ROWS - 1 of one head, ld elements apart, of which T exist.
template <int ROWS>
__device__ __forceinline__ void copyTile(unsigned int tile, const bf16* head, int ld, int first, int T) {
    constexpr int ROWS_AT_ONCE = THREADS / CHUNKS;
    // Each copy under way has an address in registers, and large heads have none to spare.
    constexpr int UNROLLED = D == 64 ? 8 : 2;
    int row = threadIdx.x / CHUNKS, chunk = threadIdx.x % CHUNKS;
#pragma unroll UNROLLED
    for (int i = 0; i < ROWS / ROWS_AT_ONCE; i++) {
        int r = row + i * ROWS_AT_ONCE;
        copyChunk(tile + chunkOffset(r, chunk), head + (long long) (first + r) * ld + chunk * 8, first + r < T);
    }
}

// Writes the warp's rows of a result by way of its rows of a tile in shared memory, which no other warp reads, for whole 16-byte chunks.
template <int M>
__device__ __forceinline__ void storeRows(
        bf16* head, int ld, int first, int T, unsigned char* rows, const Tile (&y)[M][2 * STEPS], const float (&factor)[M][2]) {
    int lane = threadIdx.x % WARP;
    __syncwarp();
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int n = 0; n < 2 * STEPS; n++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                unsigned int offset = chunkOffset(m * 16 + r * 8 + lane / 4, n) + lane % 4 * 4;
                *(unsigned int*) (rows + offset) = pack(y[m][n].x[2 * r] * factor[m][r], y[m][n].x[2 * r + 1] * factor[m][r]);
            }
        }
    }
    __syncwarp();
#pragma unroll
    for (int i = 0; i < M * 16 * CHUNKS / WARP; i++) {
        int row = (i * WARP + lane) / CHUNKS, chunk = (i * WARP + lane) % CHUNKS;
        if (first + row < T) {
            *(uint4*) (head + (long long) (first + row) * ld + chunk * 8) = *(const uint4*) (rows + chunkOffset(row, chunk));
        }
    }
}

// The first key that row t of a sequence sees; rows beyond the sequence see zeros from its beginning.
__device__ __forceinline__ int firstKeyOf(const int* firstKeys, int t, int T) {
    return firstKeys && t < T ? firstKeys[t] : 0;
}

extern __shared__ __align__(1024) unsigned char shared[];

// Forward ------------------------------------------------------------------------------------------------------------------------------

constexpr int FORWARD_QUERIES = 128;
constexpr int FORWARD_M = FORWARD_QUERIES / WARPS / 16;
// Larger heads need the registers for the output; they read the queries again from shared memory for each stage.
constexpr bool QUERIES_IN_REGISTERS = D == 64;
// A row's maximum follows only when a score is this much (in powers of two) larger: few rescalings, and sums far from overflow.
constexpr float SLACK = 8.0f;

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
    copyTile<FORWARD_QUERIES>(queryTile, queries, ld, firstQuery, T);
    copyTile<STAGE>(stages, keys, ld, last * STAGE, T);
    copyTile<STAGE>(stages + STAGE_TILE_BYTES, values, ld, last * STAGE, T);
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
    float top[FORWARD_M][2], sum[FORWARD_M][2];
#pragma unroll
    for (int m = 0; m < FORWARD_M; m++) {
        top[m][0] = top[m][1] = __int_as_float(0xff800000);
        sum[m][0] = sum[m][1] = 0.0f;
    }
    for (int stage = last; stage >= lowest; stage--) {
        unsigned int keyTile = stages + ((last - stage) & 1) * 2 * STAGE_TILE_BYTES;
        unsigned int valueTile = keyTile + STAGE_TILE_BYTES;
        waitForCopies();
        __syncthreads();
        if (stage > lowest) {
            unsigned int next = stages + ((last - stage + 1) & 1) * 2 * STAGE_TILE_BYTES;
            copyTile<STAGE>(next, keys, ld, (stage - 1) * STAGE, T);
            copyTile<STAGE>(next + STAGE_TILE_BYTES, values, ld, (stage - 1) * STAGE, T);
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
#pragma unroll
            for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
                for (int r = 0; r < 2; r++) {
                    int query = warpQuery + m * 16 + lane / 4 + r * 8;
                    int first = firstKeyOf(firsts, query, T);
#pragma unroll
                    for (int n = 0; n < STAGE / 8; n++) {
#pragma unroll
                        for (int i = 2 * r; i < 2 * r + 2; i++) {
                            int key = firstKey + n * 8 + lane % 4 * 2 + i % 2;
                            s[m][n].x[i] = key > query || key < first ? __int_as_float(0xff800000) : s[m][n].x[i];
                        }
                    }
                }
            }
        }

        float highest[FORWARD_M][2];
        bool grown = false;
#pragma unroll
        for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float max = fmaxf(s[m][0].x[2 * r], s[m][0].x[2 * r + 1]);
#pragma unroll
                for (int n = 1; n < STAGE / 8; n++) {
                    max = fmaxf(max, fmaxf(s[m][n].x[2 * r], s[m][n].x[2 * r + 1]));
                }
                max = fmaxf(max, __shfl_xor_sync(FULL_MASK, max, 1));
                max = fmaxf(max, __shfl_xor_sync(FULL_MASK, max, 2));
                highest[m][r] = fmaxf(max, top[m][r]);
                grown |= max > top[m][r] + SLACK / (SCALE * LOG2_E);
            }
        }
        if (__any_sync(FULL_MASK, grown)) {
#pragma unroll
            for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
                for (int r = 0; r < 2; r++) {
                    float decay = exp2Fast((top[m][r] - highest[m][r]) * (SCALE * LOG2_E));
                    top[m][r] = highest[m][r];
                    sum[m][r] *= decay;
#pragma unroll
                    for (int n = 0; n < 2 * STEPS; n++) {
                        o[m][n].x[2 * r] *= decay;
                        o[m][n].x[2 * r + 1] *= decay;
                    }
                }
            }
        }

#pragma unroll
        for (int k = 0; k < STAGE / 16; k++) {
            Fragment p[FORWARD_M];
#pragma unroll
            for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
                for (int n = 2 * k; n < 2 * k + 2; n++) {
#pragma unroll
                    for (int i = 0; i < 4; i++) {
                        float& x = s[m][n].x[i];
                        x = exp2Fast(fmaf(x, SCALE * LOG2_E, top[m][i / 2] * (-SCALE * LOG2_E)));
                        sum[m][i / 2] += x;
                    }
                }
                p[m] = leftOperand(s[m][2 * k], s[m][2 * k + 1]);
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
#pragma unroll
    for (int m = 0; m < FORWARD_M; m++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            float total = sum[m][r];
            total += __shfl_xor_sync(FULL_MASK, total, 1);
            total += __shfl_xor_sync(FULL_MASK, total, 2);
            factor[m][r] = 1.0f / total;
            int query = warpQuery + m * 16 + r * 8 + lane / 4;
            if (lane % 4 == 0 && query < T) {
                lse[((long long) b * H + h) * T + query] = fmaf(top[m][r], SCALE, logf(total));
            }
        }
    }
    storeRows<FORWARD_M>(
            out + ((long long) b * T * H + h) * D, H * D, warpQuery, T, shared + warpRow * ROW_BYTES, o, factor);
}

// Backward -----------------------------------------------------------------------------------------------------------------------------

// flash_delta: writes delta. Block 256, grid (ceil(B*T*H * D / 2048)); CHUNKS lanes read a row.
extern "C" __global__ void __launch_bounds__(256) flash_delta(float* delta, const bf16* dOut, const bf16* out, int B, int T, int H) {
    long long at = (long long) blockIdx.x * blockDim.x + threadIdx.x;
    long long n = at / CHUNKS;
    bool valid = n < (long long) B * T * H;
    float sum = 0.0f;
    if (valid) {
        uint4 a = ((const uint4*) dOut)[at], b = ((const uint4*) out)[at];
        unsigned int x[4] = {a.x, a.y, a.z, a.w}, y[4] = {b.x, b.y, b.z, b.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            sum += __uint_as_float(x[i] << 16) * __uint_as_float(y[i] << 16);
            sum += __uint_as_float(x[i] & 0xffff0000u) * __uint_as_float(y[i] & 0xffff0000u);
        }
    }
#pragma unroll
    for (int lane = CHUNKS / 2; lane > 0; lane /= 2) {
        sum += __shfl_xor_sync(FULL_MASK, sum, lane);
    }
    if (valid && at % CHUNKS == 0) {
        long long row = n / H;
        delta[(row / T * H + n % H) * T + row % T] = sum;
    }
}

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
        copyTile<STAGE>(stage, sequence + h * D, ld, first, T);
        copyTile<STAGE>(stage + STAGE_TILE_BYTES, dOut + ((long long) b * T * H + h) * D, H * D, first, T);
        int i = threadIdx.x % STAGE;
        const float* statistic = threadIdx.x < STAGE ? lse : delta;
        copyFloat(stage + 2 * STAGE_TILE_BYTES + threadIdx.x * 4, statistic + ((long long) b * H + h) * T + first + i, first + i < T);
    };

    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int lastKey = min(firstKey + BACKWARD_ROWS, T) - 1;
    int firstStage = firstKey / STAGE * STAGE;
    int h = kvHead * (H / K), query = firstStage;
    copyTile<BACKWARD_ROWS>(keyTile, sequence + (H + kvHead) * D, ld, firstKey, T);
    copyTile<BACKWARD_ROWS>(valueTile, sequence + (H + K + kvHead) * D, ld, firstKey, T);
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
#pragma unroll
                for (int n = 0; n < 2; n++) {
#pragma unroll
                    for (int side = 0; side < 2; side++) {
                        int column = query + c + n * 8 + lane % 4 * 2 + side;
                        int first = firstKeyOf(firsts, column, T);
#pragma unroll
                        for (int m = 0; m < M; m++) {
#pragma unroll
                            for (int i = side; i < 4; i += 2) {
                                int row = warpKey + m * 16 + lane / 4 + i / 2 * 8;
                                p[m][n].x[i] = row > column || row < first ? __int_as_float(0xff800000) : p[m][n].x[i];
                            }
                        }
                    }
                }
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

    copyTile<BACKWARD_ROWS>(queryTile, queries, ld, firstQuery, T);
    copyTile<BACKWARD_ROWS>(dOutTile, dOut + ((long long) b * T * H + h) * D, H * D, firstQuery, T);
    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int highestFirst = firstKeyOf(firsts, min(warpQuery + M * 16, T) - 1, T);
    int begin = firstKeyOf(firsts, firstQuery, T) / STAGE * STAGE;
    copyTile<STAGE>(stages, keys, ld, begin, T);
    copyTile<STAGE>(stages + STAGE_TILE_BYTES, values, ld, begin, T);
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
            copyTile<STAGE>(next, keys, ld, firstKey + STAGE, T);
            copyTile<STAGE>(next + STAGE_TILE_BYTES, values, ld, firstKey + STAGE, T);
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
#pragma unroll
                for (int m = 0; m < M; m++) {
#pragma unroll
                    for (int r = 0; r < 2; r++) {
                        int row = warpQuery + m * 16 + lane / 4 + r * 8;
                        int first = firstKeyOf(firsts, row, T);
#pragma unroll
                        for (int n = 0; n < BACKWARD_KEYS / 8; n++) {
#pragma unroll
                            for (int i = 2 * r; i < 2 * r + 2; i++) {
                                int column = firstKey + c + n * 8 + lane % 4 * 2 + i % 2;
                                s[m][n].x[i] = column > row || column < first ? __int_as_float(0xff800000) : s[m][n].x[i];
                            }
                        }
                    }
                }
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
