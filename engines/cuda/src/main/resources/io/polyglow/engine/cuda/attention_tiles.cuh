// What the kernels of attention on tensor cores have in common, for heads of HEAD_DIM 64 or 128 channels (compile with -DHEAD_DIM=64 or 128); the file
// that follows says how tiles lie in shared memory (chunkOffset) and multiplies them.
//
// Dims: B sequences, T time steps (any), H query heads, K key/value heads (K divides H), D = HEAD_DIM.
//   qkv, dQkv [B*T, (H + 2K) * D] bf16   H query heads, then K key heads, then K value heads
//   out, dOut [B*T, H * D] bf16
//   lse       [B, H, T] float            natural logarithm of the sum of the exponentials of the scaled scores
//   delta     [B, H, T] float            dot product of dOut and out
//   firstKeys [B*T] int                  the first key that a row sees, counted within its sequence, never decreasing there; null: the first row.
//                                        Stages of keys (or queries) that no row of a block sees are left out.
// The bf16 pointers are 16-byte aligned. Sums are f32; probabilities and their gradients are rounded to bf16 for the second matrix products.
// The bits are the same on every call: each output element is summed by one warp, in a fixed order. Rows beyond T are filled with zeros; causality
// hides such keys from all rows that are stored, and such queries add zeros to the gradients of the keys.

typedef unsigned short bf16;

#define WARP 32
#define FULL_MASK 0xffffffffu

constexpr int D = HEAD_DIM;
constexpr int CHUNKS = D / 8;
constexpr int ROW_BYTES = 2 * D;
constexpr int STEPS = D / 16;
constexpr float SCALE = D == 64 ? 0.125f : 0.08838834764831845f;
constexpr float LOG2_E = 1.4426950408889634f;
#define MINUS_INFINITY __int_as_float(0xff800000)

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

// An operand of mma.sync or wgmma in the registers of a warp: 16x16 bf16, in its quarters top left, bottom left, top right, bottom right.
struct Fragment {
    unsigned int x[4];
};

// Element i of a lane lies in row lane / 4 + 8 * (i / 2), column 2 * (lane % 4) + i % 2 of a 16x8 tile.
struct Tile {
    float x[4];
};

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

// The byte of a tile in shared memory at which eight elements of a row begin, chunk of CHUNKS. Adding 16 rows must add the same everywhere.
__device__ __forceinline__ unsigned int chunkOffset(int row, int chunk);

// Starts the copy of rows first ... first + ROWS - 1 of one head, ld elements apart, of which T exist, by all THREADS of the block.
template <int ROWS, int THREADS>
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

// Hides the keys that come after their query or before the first one that it sees: rows of s are queries, query that of row 0; columns are keys from key on.
template <int M, int N>
__device__ __forceinline__ void hideKeys(Tile (&s)[M][N], int query, int key, const int* firstKeys, int T) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int m = 0; m < M; m++) {
#pragma unroll
        for (int r = 0; r < 2; r++) {
            int row = query + m * 16 + lane / 4 + r * 8;
            int first = firstKeyOf(firstKeys, row, T);
#pragma unroll
            for (int n = 0; n < N; n++) {
#pragma unroll
                for (int i = 2 * r; i < 2 * r + 2; i++) {
                    int column = key + n * 8 + lane % 4 * 2 + i % 2;
                    s[m][n].x[i] = column > row || column < first ? MINUS_INFINITY : s[m][n].x[i];
                }
            }
        }
    }
}

// The same for scores whose rows are keys and whose columns are queries.
template <int M, int N>
__device__ __forceinline__ void hideQueries(Tile (&s)[M][N], int key, int query, const int* firstKeys, int T) {
    int lane = threadIdx.x % WARP;
#pragma unroll
    for (int n = 0; n < N; n++) {
#pragma unroll
        for (int side = 0; side < 2; side++) {
            int column = query + n * 8 + lane % 4 * 2 + side;
            int first = firstKeyOf(firstKeys, column, T);
#pragma unroll
            for (int m = 0; m < M; m++) {
#pragma unroll
                for (int i = side; i < 4; i += 2) {
                    int row = key + m * 16 + lane / 4 + i / 2 * 8;
                    s[m][n].x[i] = row > column || row < first ? MINUS_INFINITY : s[m][n].x[i];
                }
            }
        }
    }
}

// A row's maximum follows only when a score is this much (in powers of two) larger: few rescalings, and sums far from overflow.
constexpr float SLACK = 8.0f;

// The softmax of the rows of a warp, score by score: with the maximum so far (within SLACK) and the lane's part of the sum of exponentials, of its rows m * 16 + lane / 4 + 8 r.
template <int M>
struct Softmax {
    float top[M][2], sum[M][2];

    __device__ __forceinline__ Softmax() {
#pragma unroll
        for (int m = 0; m < M; m++) {
            top[m][0] = top[m][1] = MINUS_INFINITY;
            sum[m][0] = sum[m][1] = 0.0f;
        }
    }

    // Raises the maxima to those of the scores, and scales the sums and the outputs down with them.
    template <int N>
    __device__ __forceinline__ void raise(const Tile (&s)[M][N], Tile (&o)[M][2 * STEPS]) {
        float highest[M][2];
        bool grown = false;
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float max = fmaxf(s[m][0].x[2 * r], s[m][0].x[2 * r + 1]);
#pragma unroll
                for (int n = 1; n < N; n++) {
                    max = fmaxf(max, fmaxf(s[m][n].x[2 * r], s[m][n].x[2 * r + 1]));
                }
                max = fmaxf(max, __shfl_xor_sync(FULL_MASK, max, 1));
                max = fmaxf(max, __shfl_xor_sync(FULL_MASK, max, 2));
                highest[m][r] = fmaxf(max, top[m][r]);
                grown |= max > top[m][r] + SLACK / (SCALE * LOG2_E);
            }
        }
        if (!__any_sync(FULL_MASK, grown)) {
            return;
        }
#pragma unroll
        for (int m = 0; m < M; m++) {
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

    // Turns the scores of 16x16 tiles, two halves of rows m, into exponentials, adds them to the sums and gives them as the left operand of a product.
    __device__ __forceinline__ Fragment exponentials(int m, const Tile& left, const Tile& right) {
        Tile p[2] = {left, right};
#pragma unroll
        for (int n = 0; n < 2; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                p[n].x[i] = exp2Fast(fmaf(p[n].x[i], SCALE * LOG2_E, top[m][i / 2] * (-SCALE * LOG2_E)));
                sum[m][i / 2] += p[n].x[i];
            }
        }
        return leftOperand(p[0], p[1]);
    }

    // Writes the log-sum-exp of the rows from query on, and gives what their outputs are to be multiplied with.
    __device__ __forceinline__ void finish(float (&factor)[M][2], float* lse, int query, int T) {
        int lane = threadIdx.x % WARP;
#pragma unroll
        for (int m = 0; m < M; m++) {
#pragma unroll
            for (int r = 0; r < 2; r++) {
                float total = sum[m][r];
                total += __shfl_xor_sync(FULL_MASK, total, 1);
                total += __shfl_xor_sync(FULL_MASK, total, 2);
                factor[m][r] = 1.0f / total;
                int row = query + m * 16 + r * 8 + lane / 4;
                if (lane % 4 == 0 && row < T) {
                    lse[row] = fmaf(top[m][r], SCALE, logf(total));
                }
            }
        }
    }
};

// Delta, the same for both passes over the scores -----------------------------------------------------------------------------------------

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
