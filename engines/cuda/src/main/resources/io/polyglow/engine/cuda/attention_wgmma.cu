// Causal attention of bf16 heads of 64 or 128 channels on Hopper (compile for sm_90a): the kernels of attention_flash.cu, with the products of a warpgroup
// (four warps, wgmma) in place of those of a warp, which reach two thirds of that GPU. After FlashAttention-3 (Shah et al. 2024, arXiv 2407.08608), without its
// producer warps. attention_tiles.cuh comes before it. Shapes, descriptors and fences are those of the PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions".
//
// A block has two warpgroups, each with 64 rows of its own side, and shares stages of 64 rows of the other side between them. A tile in shared memory is a row of
// panels of 64 rows by 64 channels: D / 64 for the first 64 rows, then those of the next. A panel has 128 bytes a row, whose 16-byte chunks are permuted by
// chunk ^ (row % 8), which is wgmma's swizzle of 128 bytes; it begins at a multiple of 1024 bytes.

constexpr int GROUPS = 2;
constexpr int GROUP_ROWS = 64;
constexpr int THREADS = GROUPS * 4 * WARP;
constexpr int ROWS = GROUPS * GROUP_ROWS;
constexpr int PANELS = D / 64;
constexpr int PANEL_BYTES = 64 * 128;
constexpr int TILE_BYTES = ROWS * ROW_BYTES;
// Tiles of 16x8 in a warp's rows of a panel.
constexpr int PANEL_TILES = 8;

static_assert(STAGE == 64, "a stage has the rows of one panel");

__device__ __forceinline__ unsigned int chunkOffset(int row, int chunk) {
    return (row / 64 * PANELS + chunk / 8) * PANEL_BYTES + row % 64 * 128 + ((chunk % 8 ^ row % 8) << 4);
}

typedef unsigned long long Descriptor;

// Of an operand that begins at the address of a panel, or at a multiple of 16 channels or 8 rows in it: groups of 8 rows are 1024 bytes apart, the swizzle is
// that of 128 bytes. The leading distance does not count, as no product spans two panels.
__device__ __forceinline__ Descriptor operand(unsigned int address) {
    return (Descriptor) (address >> 4 & 0x3fff) | (Descriptor) (1024 >> 4) << 16 | (Descriptor) (1024 >> 4) << 32 | (Descriptor) 1 << 62;
}

// The descriptor of what begins so many bytes later.
__device__ __forceinline__ Descriptor later(Descriptor operand, int bytes) {
    return operand + (bytes >> 4);
}

// Makes what this thread has copied visible to wgmma, which reads shared memory by another road; before the barrier that tells the others.
__device__ __forceinline__ void showCopies() {
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}

// Before the first product, and after registers of one have been changed otherwise.
__device__ __forceinline__ void beginProducts() {
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}

// Ends a group of products.
__device__ __forceinline__ void endProducts() {
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}

// Waits until no more than PENDING groups are under way.
template <int PENDING>
__device__ __forceinline__ void awaitProducts() {
    asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(PENDING) : "memory");
}

// Keeps the compiler from moving what uses these registers across this point: products write and read them later than it can see.
__device__ __forceinline__ void pin(Tile* c, int tiles) {
#pragma unroll
    for (int n = 0; n < tiles; n++) {
        asm volatile("" : "+f"(c[n].x[0]), "+f"(c[n].x[1]), "+f"(c[n].x[2]), "+f"(c[n].x[3])::"memory");
    }
}

__device__ __forceinline__ void pin(Fragment& a) {
    asm volatile("" : "+r"(a.x[0]), "+r"(a.x[1]), "+r"(a.x[2]), "+r"(a.x[3])::"memory");
}

// What all threads of a warp have alike, so that the compiler knows: descriptors made of it stay in uniform registers, where wgmma wants them.
__device__ __forceinline__ int uniform(int ofWarp) {
    return __shfl_sync(FULL_MASK, ofWarp, 0);
}

// c[64, 64] = a[64, 16] b[64, 16]^T, both in shared memory; a warp has 16 rows of c. ADD: onto c.
template <bool ADD>
__device__ __forceinline__ void multiplyRows(Tile* c, Descriptor a, Descriptor b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                 "%32, %33, %34, 1, 1, %35, %35;"
                 : "+f"(c[0].x[0]), "+f"(c[0].x[1]), "+f"(c[0].x[2]), "+f"(c[0].x[3]), "+f"(c[1].x[0]), "+f"(c[1].x[1]), "+f"(c[1].x[2]), "+f"(c[1].x[3]),
                   "+f"(c[2].x[0]), "+f"(c[2].x[1]), "+f"(c[2].x[2]), "+f"(c[2].x[3]), "+f"(c[3].x[0]), "+f"(c[3].x[1]), "+f"(c[3].x[2]), "+f"(c[3].x[3]),
                   "+f"(c[4].x[0]), "+f"(c[4].x[1]), "+f"(c[4].x[2]), "+f"(c[4].x[3]), "+f"(c[5].x[0]), "+f"(c[5].x[1]), "+f"(c[5].x[2]), "+f"(c[5].x[3]),
                   "+f"(c[6].x[0]), "+f"(c[6].x[1]), "+f"(c[6].x[2]), "+f"(c[6].x[3]), "+f"(c[7].x[0]), "+f"(c[7].x[1]), "+f"(c[7].x[2]), "+f"(c[7].x[3])
                 : "l"(a), "l"(b), "n"((int) ADD), "n"(0));
}

// c[64, 64] += a[64, 16] b[16, 64], a in registers, 16 rows a warp, b in shared memory.
__device__ __forceinline__ void multiplyColumns(Tile* c, const Fragment& a, Descriptor b) {
    asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
                 "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
                 "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, "
                 "{%32, %33, %34, %35}, %36, %37, 1, 1, %38;"
                 : "+f"(c[0].x[0]), "+f"(c[0].x[1]), "+f"(c[0].x[2]), "+f"(c[0].x[3]), "+f"(c[1].x[0]), "+f"(c[1].x[1]), "+f"(c[1].x[2]), "+f"(c[1].x[3]),
                   "+f"(c[2].x[0]), "+f"(c[2].x[1]), "+f"(c[2].x[2]), "+f"(c[2].x[3]), "+f"(c[3].x[0]), "+f"(c[3].x[1]), "+f"(c[3].x[2]), "+f"(c[3].x[3]),
                   "+f"(c[4].x[0]), "+f"(c[4].x[1]), "+f"(c[4].x[2]), "+f"(c[4].x[3]), "+f"(c[5].x[0]), "+f"(c[5].x[1]), "+f"(c[5].x[2]), "+f"(c[5].x[3]),
                   "+f"(c[6].x[0]), "+f"(c[6].x[1]), "+f"(c[6].x[2]), "+f"(c[6].x[3]), "+f"(c[7].x[0]), "+f"(c[7].x[1]), "+f"(c[7].x[2]), "+f"(c[7].x[3])
                 : "r"(a.x[0]), "r"(a.x[1]), "r"(a.x[2]), "r"(a.x[3]), "l"(b), "n"(1), "n"(1));
}

// s = own stage^T over all channels, of the group's 64 rows at own and the 64 at stage. ADD: onto s.
template <bool ADD>
__device__ __forceinline__ void scores(Tile (&s)[1][PANEL_TILES], Descriptor own, Descriptor stage) {
    multiplyRows<ADD>(s[0], own, stage);
#pragma unroll
    for (int step = 1; step < STEPS; step++) {
        int bytes = step / 4 * PANEL_BYTES + step % 4 * 32;
        multiplyRows<true>(s[0], later(own, bytes), later(stage, bytes));
    }
}

// y[64, D] += p[64, 64] stage[64, D]
__device__ __forceinline__ void addProducts(Tile (&y)[1][2 * STEPS], const Fragment (&p)[4], Descriptor stage) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
#pragma unroll
        for (int panel = 0; panel < PANELS; panel++) {
            multiplyColumns(y[0] + panel * PANEL_TILES, p[k], later(stage, panel * PANEL_BYTES + k * 16 * 128));
        }
    }
}

// The warp's part of p as left operands of a product, ready for it.
__device__ __forceinline__ void leftOperands(Fragment (&left)[4], const Tile (&p)[1][PANEL_TILES]) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
        left[k] = leftOperand(p[0][2 * k], p[0][2 * k + 1]);
        pin(left[k]);
    }
}

// Waits for the copies of all threads of the block, and for all to be done with what may be overwritten now.
__device__ __forceinline__ void meet() {
    waitForCopies();
    showCopies();
    __syncthreads();
}

// Writes the warp's rows of a result by way of the tile of 64 rows at the byte, which nothing reads any more.
__device__ __forceinline__ void store(bf16* head, int ld, int warpFirst, int T, unsigned int tile, const Tile (&y)[1][2 * STEPS], const float (&factor)[1][2]) {
    unsigned char* rows = shared + tile + threadIdx.x / WARP % 4 * 16 * 128;
    storeRows<1>(head, ld, warpFirst, T, rows, y, factor);
}

// Forward ------------------------------------------------------------------------------------------------------------------------------

// flash_forward: writes out and lse. Block 256, grid (ceil(T / 128), H, B), dynamic shared bytes 768 * D.
// A warp has 16 query rows; stages of 64 keys come from the diagonal down. Long rows are launched first, for balance.
extern "C" __global__ void __launch_bounds__(THREADS, 2) flash_forward(
        bf16* out, float* lse, const bf16* qkv, const int* firstKeys, int B, int T, int H, int K) {
    int group = uniform(threadIdx.x / (4 * WARP)), warp = uniform(threadIdx.x / WARP);
    int h = blockIdx.y, b = blockIdx.z;
    int firstQuery = (gridDim.x - 1 - blockIdx.x) * ROWS;
    int groupQuery = firstQuery + group * GROUP_ROWS, warpQuery = firstQuery + warp * 16;
    int ld = (H + 2 * K) * D;
    const bf16* queries = qkv + (long long) b * T * ld + h * D;
    const bf16* keys = qkv + (long long) b * T * ld + (H + h / (H / K)) * D;
    const bf16* values = keys + K * D;
    unsigned int queryTile = sharedAddress(shared);
    unsigned int stages = queryTile + TILE_BYTES;
    Descriptor query = operand(queryTile + group * PANELS * PANEL_BYTES);

    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int highestFirst = firstKeyOf(firsts, min(warpQuery + 16, T) - 1, T);
    int lowest = firstKeyOf(firsts, firstQuery, T) / STAGE;
    int last = min(firstQuery + ROWS - 1, T - 1) / STAGE;
    copyTile<ROWS, THREADS>(queryTile, queries, ld, firstQuery, T);
    copyTile<STAGE, THREADS>(stages, keys, ld, last * STAGE, T);
    copyTile<STAGE, THREADS>(stages + STAGE_TILE_BYTES, values, ld, last * STAGE, T);

    Tile o[1][2 * STEPS] = {};
    Softmax<1> softmax;
    for (int stage = last; stage >= lowest; stage--) {
        unsigned int keyTile = stages + ((last - stage) & 1) * 2 * STAGE_TILE_BYTES;
        meet();
        if (stage > lowest) {
            unsigned int next = stages + ((last - stage + 1) & 1) * 2 * STAGE_TILE_BYTES;
            copyTile<STAGE, THREADS>(next, keys, ld, (stage - 1) * STAGE, T);
            copyTile<STAGE, THREADS>(next + STAGE_TILE_BYTES, values, ld, (stage - 1) * STAGE, T);
        }
        int firstKey = stage * STAGE;
        if (firstKey > groupQuery) {
            continue;
        }

        Tile s[1][PANEL_TILES] = {};
        pin(s[0], PANEL_TILES); // zeros may not be written after the fence
        beginProducts();
        scores<false>(s, query, operand(keyTile));
        endProducts();
        awaitProducts<0>();
        pin(s[0], PANEL_TILES);
        if (firstKey + STAGE - 1 > warpQuery || firstKey < highestFirst) {
            hideKeys(s, warpQuery, firstKey, firsts, T);
        }
        softmax.raise(s, o);
        Fragment p[4];
#pragma unroll
        for (int k = 0; k < 4; k++) {
            p[k] = softmax.exponentials(0, s[0][2 * k], s[0][2 * k + 1]);
            pin(p[k]);
        }
        pin(o[0], 2 * STEPS);
        beginProducts();
        addProducts(o, p, operand(keyTile + STAGE_TILE_BYTES));
        endProducts();
        awaitProducts<0>();
        pin(o[0], 2 * STEPS);
    }

    float factor[1][2];
    softmax.finish(factor, lse + ((long long) b * H + h) * T, warpQuery, T);
    __syncthreads();
    store(out + ((long long) b * T * H + h) * D, H * D, warpQuery, T, group * PANELS * PANEL_BYTES, o, factor);
}

// Backward -----------------------------------------------------------------------------------------------------------------------------

// With P = exp(scores - lse), dS = P * (dOut V^T - delta); the subtraction costs nothing, the product starts from -delta.

// flash_backward_kv: writes the key and value heads of dQkv. Block 256, grid (ceil(T / 128), K, B), dynamic shared bytes 1024 * D + 1024.
// Works on transposed scores, keys down and queries across, so that the probabilities and their gradients come out of the first
// products as left operands of the second ones. Loops over stages of 64 queries (with their dOut, lse and delta) from the diagonal on, for
// each query head of the group. Block 0, which has the most queries, is launched first.
extern "C" __global__ void __launch_bounds__(THREADS, 1) flash_backward_kv(
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
    int lane = threadIdx.x % WARP, group = uniform(threadIdx.x / (4 * WARP)), warp = uniform(threadIdx.x / WARP);
    int kvHead = blockIdx.y, b = blockIdx.z;
    int firstKey = blockIdx.x * ROWS;
    int groupKey = firstKey + group * GROUP_ROWS, warpKey = firstKey + warp * 16;
    int ld = (H + 2 * K) * D;
    const bf16* sequence = qkv + (long long) b * T * ld;
    unsigned int keyTile = sharedAddress(shared);
    unsigned int valueTile = keyTile + TILE_BYTES;
    unsigned int stages = valueTile + TILE_BYTES;
    // lse and delta of the two stages
    const int statisticsAt = 2 * TILE_BYTES + 4 * STAGE_TILE_BYTES;
    Descriptor keys = operand(keyTile + group * PANELS * PANEL_BYTES);
    Descriptor values = operand(valueTile + group * PANELS * PANEL_BYTES);

    auto copyStage = [&](int index, int h, int first) {
        unsigned int stage = stages + index * 2 * STAGE_TILE_BYTES;
        copyTile<STAGE, THREADS>(stage, sequence + h * D, ld, first, T);
        copyTile<STAGE, THREADS>(stage + STAGE_TILE_BYTES, dOut + ((long long) b * T * H + h) * D, H * D, first, T);
        if (threadIdx.x < 2 * STAGE) {
            int i = threadIdx.x % STAGE;
            const float* statistic = threadIdx.x < STAGE ? lse : delta;
            copyFloat(keyTile + statisticsAt + (index * 2 * STAGE + threadIdx.x) * 4,
                      statistic + ((long long) b * H + h) * T + first + i,
                      first + i < T);
        }
    };

    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int lastKey = min(firstKey + ROWS, T) - 1;
    int h = kvHead * (H / K), query = firstKey;
    copyTile<ROWS, THREADS>(keyTile, sequence + (H + kvHead) * D, ld, firstKey, T);
    copyTile<ROWS, THREADS>(valueTile, sequence + (H + K + kvHead) * D, ld, firstKey, T);
    copyStage(0, h, query);

    Tile dK[1][2 * STEPS] = {}, dV[1][2 * STEPS] = {};
    int index = 0;
    while (h < (kvHead + 1) * (H / K)) {
        int nextQuery = query + STAGE, nextHead = h;
        if (nextQuery >= T || firstKeyOf(firsts, nextQuery, T) > lastKey) {
            nextQuery = firstKey;
            nextHead++;
        }
        meet();
        if (nextHead < (kvHead + 1) * (H / K)) {
            copyStage(index ^ 1, nextHead, nextQuery);
        }
        if (query >= groupKey) {
            Descriptor queries = operand(stages + index * 2 * STAGE_TILE_BYTES), dOuts = later(queries, STAGE_TILE_BYTES);
            const float* statistics = (const float*) (shared + statisticsAt) + index * 2 * STAGE + lane % 4 * 2;
            Tile p[1][PANEL_TILES] = {}, dS[1][PANEL_TILES];
#pragma unroll
            for (int n = 0; n < PANEL_TILES; n++) {
                float2 columnDelta = *(const float2*) (statistics + STAGE + n * 8);
                dS[0][n] = {{-columnDelta.x, -columnDelta.y, -columnDelta.x, -columnDelta.y}};
            }
            pin(p[0], PANEL_TILES);
            pin(dS[0], PANEL_TILES);
            beginProducts();
            scores<false>(p, keys, queries);
            endProducts();
            scores<true>(dS, values, dOuts);
            endProducts();
            awaitProducts<1>();
            pin(p[0], PANEL_TILES);
            if (query < warpKey + 15 || firstKeyOf(firsts, min(query + STAGE, T) - 1, T) > warpKey) {
                hideQueries(p, warpKey, query, firsts, T);
            }
#pragma unroll
            for (int n = 0; n < PANEL_TILES; n++) {
                float2 columnLse = *(const float2*) (statistics + n * 8);
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    float minus = (i % 2 == 0 ? columnLse.x : columnLse.y) * -LOG2_E;
                    p[0][n].x[i] = exp2Fast(fmaf(p[0][n].x[i], SCALE * LOG2_E, minus));
                }
            }
            Fragment left[4];
            leftOperands(left, p);
            beginProducts();
            addProducts(dV, left, dOuts);
            endProducts();
            awaitProducts<1>();
            pin(dS[0], PANEL_TILES);
#pragma unroll
            for (int n = 0; n < PANEL_TILES; n++) {
#pragma unroll
                for (int i = 0; i < 4; i++) {
                    dS[0][n].x[i] *= p[0][n].x[i];
                }
            }
            Fragment dLeft[4];
            leftOperands(dLeft, dS);
            beginProducts();
            addProducts(dK, dLeft, queries);
            endProducts();
            awaitProducts<0>();
            pin(dV[0], 2 * STEPS);
            pin(dK[0], 2 * STEPS);
        }
        h = nextHead;
        query = nextQuery;
        index ^= 1;
    }

    __syncthreads();
    const float scale[1][2] = {{SCALE, SCALE}}, one[1][2] = {{1.0f, 1.0f}};
    bf16* dKeys = dQkv + (long long) b * T * ld + (H + kvHead) * D;
    store(dKeys, ld, warpKey, T, group * PANELS * PANEL_BYTES, dK, scale);
    store(dKeys + K * D, ld, warpKey, T, TILE_BYTES + group * PANELS * PANEL_BYTES, dV, one);
}

// flash_backward_q: writes the query heads of dQkv. Block 256, grid (ceil(T / 128), H, B), dynamic shared bytes 1024 * D.
// Loops over stages of 64 keys up to the diagonal. Long rows are launched first.
extern "C" __global__ void __launch_bounds__(THREADS, D == 64 ? 2 : 1) flash_backward_q(
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
    int lane = threadIdx.x % WARP, group = uniform(threadIdx.x / (4 * WARP)), warp = uniform(threadIdx.x / WARP);
    int h = blockIdx.y, b = blockIdx.z;
    int firstQuery = (gridDim.x - 1 - blockIdx.x) * ROWS;
    int groupQuery = firstQuery + group * GROUP_ROWS, warpQuery = firstQuery + warp * 16;
    int ld = (H + 2 * K) * D;
    const bf16* queries = qkv + (long long) b * T * ld + h * D;
    const bf16* keys = qkv + (long long) b * T * ld + (H + h / (H / K)) * D;
    const bf16* values = keys + K * D;
    unsigned int queryTile = sharedAddress(shared);
    unsigned int dOutTile = queryTile + TILE_BYTES;
    unsigned int stages = dOutTile + TILE_BYTES;
    Descriptor query = operand(queryTile + group * PANELS * PANEL_BYTES);
    Descriptor dOuts = operand(dOutTile + group * PANELS * PANEL_BYTES);

    copyTile<ROWS, THREADS>(queryTile, queries, ld, firstQuery, T);
    copyTile<ROWS, THREADS>(dOutTile, dOut + ((long long) b * T * H + h) * D, H * D, firstQuery, T);
    const int* firsts = firstKeys ? firstKeys + (long long) b * T : nullptr;
    int highestFirst = firstKeyOf(firsts, min(warpQuery + 16, T) - 1, T);
    int begin = firstKeyOf(firsts, firstQuery, T) / STAGE * STAGE;
    copyTile<STAGE, THREADS>(stages, keys, ld, begin, T);
    copyTile<STAGE, THREADS>(stages + STAGE_TILE_BYTES, values, ld, begin, T);
    float rowLse[2], rowDelta[2];
#pragma unroll
    for (int r = 0; r < 2; r++) {
        int row = warpQuery + r * 8 + lane / 4;
        long long at = ((long long) b * H + h) * T + row;
        rowLse[r] = row < T ? lse[at] * LOG2_E : 0.0f;
        rowDelta[r] = row < T ? delta[at] : 0.0f;
    }

    Tile dQ[1][2 * STEPS] = {};
    int end = min(firstQuery + ROWS, T);
    for (int firstKey = begin; firstKey < end; firstKey += STAGE) {
        unsigned int keyTile = stages + ((firstKey - begin) / STAGE & 1) * 2 * STAGE_TILE_BYTES;
        meet();
        if (firstKey + STAGE < end) {
            unsigned int next = stages + ((firstKey - begin) / STAGE + 1 & 1) * 2 * STAGE_TILE_BYTES;
            copyTile<STAGE, THREADS>(next, keys, ld, firstKey + STAGE, T);
            copyTile<STAGE, THREADS>(next + STAGE_TILE_BYTES, values, ld, firstKey + STAGE, T);
        }
        if (firstKey > groupQuery) {
            continue;
        }
        Tile s[1][PANEL_TILES] = {}, dS[1][PANEL_TILES];
#pragma unroll
        for (int n = 0; n < PANEL_TILES; n++) {
            dS[0][n] = {{-rowDelta[0], -rowDelta[0], -rowDelta[1], -rowDelta[1]}};
        }
        pin(s[0], PANEL_TILES);
        pin(dS[0], PANEL_TILES);
        beginProducts();
        scores<false>(s, query, operand(keyTile));
        endProducts();
        scores<true>(dS, dOuts, operand(keyTile + STAGE_TILE_BYTES));
        endProducts();
        awaitProducts<1>();
        pin(s[0], PANEL_TILES);
        if (firstKey + STAGE - 1 > warpQuery || firstKey < highestFirst) {
            hideKeys(s, warpQuery, firstKey, firsts, T);
        }
#pragma unroll
        for (int n = 0; n < PANEL_TILES; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                s[0][n].x[i] = exp2Fast(fmaf(s[0][n].x[i], SCALE * LOG2_E, -rowLse[i / 2]));
            }
        }
        awaitProducts<0>();
        pin(dS[0], PANEL_TILES);
#pragma unroll
        for (int n = 0; n < PANEL_TILES; n++) {
#pragma unroll
            for (int i = 0; i < 4; i++) {
                dS[0][n].x[i] *= s[0][n].x[i];
            }
        }
        Fragment left[4];
        leftOperands(left, dS);
        pin(dQ[0], 2 * STEPS);
        beginProducts();
        addProducts(dQ, left, operand(keyTile));
        endProducts();
        awaitProducts<0>();
        pin(dQ[0], 2 * STEPS);
    }

    __syncthreads();
    const float scale[1][2] = {{SCALE, SCALE}};
    store(dQkv + (long long) b * T * ld + h * D, ld, warpQuery, T, group * PANELS * PANEL_BYTES, dQ, scale);
}
