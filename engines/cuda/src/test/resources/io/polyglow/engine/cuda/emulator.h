// Runs CUDA kernels on a CPU, slowly and strictly, for tests on machines without a GPU: blocks one after another, the threads of a block as fibers
// that take turns at barriers, shuffles and votes. Stops with a message where the threads of a warp do not meet at the same place, and with a
// segmentation fault where a kernel leaves the memory that it was given (allocations end at unmapped pages).

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define __grid_constant__
#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __align__(n) alignas(n)

struct float2 {
    float x, y;
};

struct float4 {
    float x, y, z, w;
};

struct uint2 {
    unsigned int x, y;
};

struct uint4 {
    unsigned int x, y, z, w;
};

static inline float4 make_float4(float x, float y, float z, float w) {
    return {x, y, z, w};
}

static inline uint2 make_uint2(unsigned int x, unsigned int y) {
    return {x, y};
}

static inline uint4 make_uint4(unsigned int x, unsigned int y, unsigned int z, unsigned int w) {
    return {x, y, z, w};
}

static inline int min(int a, int b) {
    return a < b ? a : b;
}

struct Dim {
    unsigned int x, y, z;
};

static Dim gridDim, blockDim, blockIdx, threadIdx;

namespace emulator {
constexpr int WARP_LANES = 32;
constexpr int GROUP_LANES = 128;
constexpr size_t STACK_BYTES = 64 << 10;
constexpr size_t SHARED_BYTES = 256 << 10;

// Dynamic shared memory, common to all kernels.
alignas(1024) static unsigned char sharedMemory[SHARED_BYTES];

// A copy to shared memory on its way.
struct Copy {
    unsigned char* to;
    const void* from;
    int bytes, zeros;
};

// A product of a warpgroup on its way: a lane's 32 sums, its part of a left operand in registers, descriptors of those in shared memory.
struct Product {
    float* c[32];
    float before[32];
    bool follows, adds, fromRegisters;
    unsigned int a[4];
    uint64_t left, right;
    bool transposedLeft, transposedRight;
};

enum class State { READY, AT_BLOCK, AT_WARP, DONE };

struct Fiber {
    void* stack = nullptr;
    void* memory = nullptr;
    State state = State::DONE;
    const char* place = "";
    Dim index;
    unsigned int turns = 0;
    uint64_t values[2][3] = {};
    std::vector<Copy> copies;
    // for wgmma: whether copies have arrived that only this thread is sure to see, whether registers may have changed since the last fence
    bool unseen = false, unfenced = true;
    unsigned int products = 0;
    std::vector<Product> open;
    std::vector<std::vector<Product>> groups;
};

static std::vector<Fiber> fibers;
static size_t threads;
static size_t current;
static void* scheduler;
static void (*body)(const char*);
static const char* arguments;
static const char* kernel = "";

[[noreturn]] static void stop(const char* format, ...) {
    va_list list;
    va_start(list, format);
    fprintf(stderr, "kernel %s: ", kernel);
    vfprintf(stderr, format, list);
    fprintf(stderr, "\n");
    va_end(list);
    exit(1);
}

extern "C" void switchStack(void** save, void* to);
asm(R"(
.text
.globl switchStack
switchStack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
)");

// Hands over to the next lane of the warp that can go on, else to the scheduler.
static void yield(State state, const char* place) {
    Fiber& self = fibers[current];
    self.state = state;
    self.place = place;
    size_t end = std::min(threads, current / WARP_LANES * WARP_LANES + WARP_LANES);
    for (size_t i = current + 1; i < end; i++) {
        if (fibers[i].state == State::READY) {
            current = i;
            threadIdx = fibers[i].index;
            switchStack(&self.stack, fibers[i].stack);
            return;
        }
    }
    switchStack(&self.stack, scheduler);
}

static void enter() {
    body(arguments);
    yield(State::DONE, "the end");
    abort();
}

static void prepare(Fiber& fiber) {
    if (!fiber.memory) {
        fiber.memory = mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    }
    uint64_t* top = (uint64_t*) ((char*) fiber.memory + STACK_BYTES) - 2;
    *top = (uint64_t) enter;
    fiber.stack = top - 6;
    fiber.state = State::READY;
    fiber.turns = 0;
    fiber.copies.clear();
    fiber.unseen = false;
    fiber.unfenced = true;
    fiber.products = 0;
    fiber.open.clear();
    fiber.groups.clear();
}

static void resume(size_t i) {
    current = i;
    threadIdx = fibers[i].index;
    switchStack(&scheduler, fibers[i].stack);
}

// Lets the warp's lanes go on when all of them stand at the same shuffle or vote.
static bool releaseWarp(size_t first, size_t end) {
    size_t waiting = 0;
    for (size_t i = first; i < end; i++) {
        waiting += fibers[i].state == State::AT_WARP;
    }
    if (waiting == 0) {
        return false;
    }
    for (size_t i = first; i < end; i++) {
        if (fibers[i].state != State::AT_WARP || fibers[i].place != fibers[first].place) {
            stop("lane %zu of warp %zu is at %s while another is at a shuffle or vote (%s)",
                 i - first, first / WARP_LANES, fibers[i].place, fibers[first].place);
        }
    }
    for (size_t i = first; i < end; i++) {
        fibers[i].state = State::READY;
    }
    return true;
}

// The four warps of a warpgroup have made the same products, and at the end none is under way.
static void checkProducts(bool end) {
    for (size_t i = 0; i < threads; i++) {
        if (fibers[i].products != fibers[i / GROUP_LANES * GROUP_LANES].products) {
            stop("thread %zu has made %u products, others of its warpgroup %u", i, fibers[i].products, fibers[i / GROUP_LANES * GROUP_LANES].products);
        }
        if (end && (!fibers[i].open.empty() || !fibers[i].groups.empty())) {
            stop("thread %zu ends without waiting for its products", i);
        }
    }
}

static void runBlock() {
    for (size_t i = 0; i < threads; i++) {
        prepare(fibers[i]);
    }
    for (;;) {
        size_t done = 0, atBlock = 0;
        for (size_t first = 0; first < threads; first += WARP_LANES) {
            size_t end = std::min(threads, first + WARP_LANES);
            do {
                for (size_t i = first; i < end; i++) {
                    if (fibers[i].state == State::READY) {
                        resume(i);
                    }
                }
            } while (releaseWarp(first, end));
            for (size_t i = first; i < end; i++) {
                done += fibers[i].state == State::DONE;
                atBlock += fibers[i].state == State::AT_BLOCK;
            }
        }
        checkProducts(done == threads);
        if (done == threads) {
            return;
        }
        if (done + atBlock != threads || done > 0) {
            stop("%zu of %zu threads ended, others wait at __syncthreads", done, threads);
        }
        for (size_t i = 0; i < threads; i++) {
            fibers[i].state = State::READY;
        }
    }
}

static int laneId() {
    return current % WARP_LANES;
}

// Shows a value to the other lanes of the warp, then takes theirs; two slots in turn, so that no lane overwrites what others have yet to read.
static unsigned int show(uint64_t value, const char* place) {
    Fiber& self = fibers[current];
    unsigned int slot = self.turns++ % 2;
    self.values[slot][0] = value;
    yield(State::AT_WARP, place);
    return slot;
}

static uint64_t shown(int lane, unsigned int slot, int i = 0) {
    return fibers[current / WARP_LANES * WARP_LANES + lane].values[slot][i];
}

static const char* const SHUFFLE = "__shfl_sync";
static const char* const VOTE = "__ballot_sync";
static const char* const SYNCWARP = "__syncwarp";
static const char* const LDMATRIX = "ldmatrix";
static const char* const MMA = "mma";
static const char* const WGMMA = "wgmma";

template <typename T>
static T shuffle(T value, int lane) {
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(T));
    unsigned int slot = show(bits, SHUFFLE);
    bits = shown(lane, slot);
    memcpy(&value, &bits, sizeof(T));
    return value;
}

typedef void (*Call)(const char*);

// The next parameter where the driver puts it, at a multiple of its alignment; the first begins at a multiple of all.
template <typename T>
static const T& next(const char* packed, size_t& at) {
    at = (at + alignof(T) - 1) / alignof(T) * alignof(T);
    const T& value = *(const T*) (packed + at);
    at += sizeof(T);
    return value;
}

template <auto F, typename... A>
static void callPacked(void (*)(A...), const char* packed) {
    size_t at = 0;
    // braces take them in order
    std::apply(F, std::tuple<const A&...>{next<A>(packed, at)...});
}

template <auto F>
static void call(const char* packed) {
    callPacked<F>(F, packed);
}

static std::map<std::string, Call>& registry() {
    static std::map<std::string, Call> all;
    return all;
}

struct Registered {
    Registered(const char* name, Call call) {
        registry()[name] = call;
    }
};
}  // namespace emulator

#define EMULATED(NAME) static emulator::Registered registered_##NAME(#NAME, emulator::call<NAME>);

static inline void __syncthreads() {
    emulator::yield(emulator::State::AT_BLOCK, "__syncthreads");
}

static inline void __syncwarp() {
    emulator::show(0, emulator::SYNCWARP);
}

template <typename T>
static inline T __shfl_xor_sync(unsigned int mask, T value, int lanes) {
    return emulator::shuffle(value, emulator::laneId() ^ lanes);
}

template <typename T>
static inline T __shfl_sync(unsigned int mask, T value, int lane) {
    return emulator::shuffle(value, lane);
}

static inline unsigned int __ballot_sync(unsigned int mask, int predicate) {
    unsigned int slot = emulator::show(predicate != 0, emulator::VOTE);
    unsigned int votes = 0;
    for (int lane = 0; lane < emulator::WARP_LANES; lane++) {
        votes |= (unsigned int) emulator::shown(lane, slot) << lane;
    }
    return votes;
}

static inline int __any_sync(unsigned int mask, int predicate) {
    return __ballot_sync(mask, predicate) != 0;
}

static inline int __ffs(unsigned int x) {
    return __builtin_ffs((int) x);
}

static inline int __popc(unsigned int x) {
    return __builtin_popcount(x);
}

static inline float __uint_as_float(unsigned int x) {
    float y;
    memcpy(&y, &x, sizeof(y));
    return y;
}

static inline float __int_as_float(int x) {
    return __uint_as_float((unsigned int) x);
}

static inline unsigned int __float_as_uint(float x) {
    unsigned int y;
    memcpy(&y, &x, sizeof(y));
    return y;
}

#define __expf(x) expf(x)

static inline int atomicAdd(int* p, int value) {
    int old = *p;
    *p = old + value;
    return old;
}

static inline size_t __cvta_generic_to_shared(const void* p) {
    return (const unsigned char*) p - emulator::sharedMemory;
}

// PTX: an instruction a.b.c is the function ptx_a_b_c of its operands, outputs first.

static inline unsigned short roundToBf16(float x) {
    unsigned int bits = __float_as_uint(x);
    return x != x ? 0x7fff : (unsigned short) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline void ptx_cvt_rn_bf16_f32(unsigned short& y, float x) {
    y = roundToBf16(x);
}

static inline void ptx_cvt_rn_bf16x2_f32(unsigned int& y, float high, float low) {
    y = (unsigned int) roundToBf16(high) << 16 | roundToBf16(low);
}

static inline void ptx_ex2_approx_ftz_f32(float& y, float x) {
    y = exp2f(x);
}

// Asynchronous copies arrive when they are waited for, not before.
static inline void copyLater(unsigned int to, const void* from, int bytes, int size) {
    emulator::fibers[emulator::current].copies.push_back({emulator::sharedMemory + to, from, bytes, size - bytes});
}

static inline void ptx_cp_async_cg_shared_global(unsigned int to, const void* from, int bytes) {
    copyLater(to, from, bytes, 16);
}

static inline void ptx_cp_async_ca_shared_global(unsigned int to, const void* from, int bytes) {
    copyLater(to, from, bytes, 4);
}

static inline void ptx_cp_async_wait_all() {
    for (emulator::Copy& copy : emulator::fibers[emulator::current].copies) {
        memcpy(copy.to, copy.from, copy.bytes);
        memset(copy.to + copy.bytes, 0, copy.zeros);
        emulator::fibers[emulator::current].unseen = true;
    }
    emulator::fibers[emulator::current].copies.clear();
}

// Element (row, column) of 8x8 matrix m, whose rows the lanes 8 m ... 8 m + 7 point to.
static inline unsigned int matrixElement(unsigned int slot, int m, int row, int column) {
    unsigned short element;
    memcpy(&element, emulator::sharedMemory + emulator::shown(m * 8 + row, slot) + column * 2, 2);
    return element;
}

static inline void ptx_ldmatrix_sync_aligned_m8n8_x4_shared_b16(
        unsigned int& x0, unsigned int& x1, unsigned int& x2, unsigned int& x3, unsigned int address) {
    unsigned int slot = emulator::show(address, emulator::LDMATRIX), *x[4] = {&x0, &x1, &x2, &x3};
    int row = emulator::laneId() / 4, column = emulator::laneId() % 4 * 2;
    for (int m = 0; m < 4; m++) {
        *x[m] = matrixElement(slot, m, row, column) | matrixElement(slot, m, row, column + 1) << 16;
    }
}

static inline void ptx_ldmatrix_sync_aligned_m8n8_x4_trans_shared_b16(
        unsigned int& x0, unsigned int& x1, unsigned int& x2, unsigned int& x3, unsigned int address) {
    unsigned int slot = emulator::show(address, emulator::LDMATRIX), *x[4] = {&x0, &x1, &x2, &x3};
    int row = emulator::laneId() % 4 * 2, column = emulator::laneId() / 4;
    for (int m = 0; m < 4; m++) {
        *x[m] = matrixElement(slot, m, row, column) | matrixElement(slot, m, row + 1, column) << 16;
    }
}

static inline float half(unsigned int pair, int upper) {
    return __uint_as_float(upper ? pair & 0xffff0000u : pair << 16);
}

// Fragments as in the PTX manual: a lane has the rows lane / 4 and 8 below of a and c, the column lane / 4 of b, and in each the pair lane % 4.
static inline void ptx_mma_sync_aligned_m16n8k16_row_col_f32_bf16_bf16_f32(
        float& c0, float& c1, float& c2, float& c3, unsigned int a0, unsigned int a1, unsigned int a2, unsigned int a3,
        unsigned int b0, unsigned int b1) {
    emulator::Fiber& self = emulator::fibers[emulator::current];
    unsigned int slot = self.turns % 2;
    self.values[slot][1] = (uint64_t) a2 << 32 | a3;
    self.values[slot][2] = (uint64_t) b0 << 32 | b1;
    emulator::show((uint64_t) a0 << 32 | a1, emulator::MMA);
    int g = emulator::laneId() / 4, t = emulator::laneId() % 4;
    float* c[4] = {&c0, &c1, &c2, &c3};
    for (int t2 = 0; t2 < 4; t2++) {
        uint64_t top = emulator::shown(g * 4 + t2, slot, 0), rest = emulator::shown(g * 4 + t2, slot, 1);
        unsigned int a[2][2] = {{(unsigned int) (top >> 32), (unsigned int) (rest >> 32)}, {(unsigned int) top, (unsigned int) rest}};
        for (int i = 0; i < 4; i++) {
            uint64_t column = emulator::shown((2 * t + i % 2) * 4 + t2, slot, 2);
            unsigned int b[2] = {(unsigned int) (column >> 32), (unsigned int) column};
            for (int k = 0; k < 4; k++) {
                *c[i] += half(a[i / 2][k / 2], k % 2) * half(b[k / 2], k % 2);
            }
        }
    }
}

// Products of warpgroups, after "Asynchronous Warpgroup Level Matrix Instructions" of the PTX manual. They are done when they are waited for and no sooner:
// until then their sums are NaN, and operands in shared memory are not read.
namespace emulator {
// Element (row, k) of an operand, or (k, row) of a transposed one, with the swizzle of 128 bytes and no more than one panel of 64 columns.
static float operandElement(uint64_t descriptor, bool transposed, int row, int k) {
    unsigned int start = (descriptor & 0x3fff) << 4, stride = (descriptor >> 32 & 0x3fff) << 4;
    if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0 || start % 1024 >= (transposed ? 16 : 128)) {
        stop("descriptor %llx is not of an operand with a swizzle of 128 bytes", (unsigned long long) descriptor);
    }
    int down = transposed ? k : row, across = transposed ? row : k;
    unsigned int at = start + down / 8 * stride + down % 8 * 128 + across * 2;
    unsigned short element;
    memcpy(&element, sharedMemory + (at ^ (at >> 7 & 7) << 4), 2);
    return __uint_as_float((unsigned int) element << 16);
}

static void issue(Product product) {
    Fiber& self = fibers[current];
    if (self.unfenced) {
        stop("wgmma without a wgmma.fence since the last wait");
    }
    for (size_t i = 0; i < threads; i++) {
        if (fibers[i].unseen) {
            stop("wgmma while copies of thread %zu have arrived without fence.proxy.async", i);
        }
    }
    auto same = [&](const Product& other) { return other.c[0] == product.c[0]; };
    product.follows = std::any_of(self.open.begin(), self.open.end(), same);
    for (const std::vector<Product>& group : self.groups) {
        product.follows |= std::any_of(group.begin(), group.end(), same);
    }
    for (int i = 0; i < 32 && !product.follows; i++) {
        product.before[i] = *product.c[i];
        *product.c[i] = NAN;
    }
    self.open.push_back(product);
    self.products++;
}

// The lane's sums. A warp has 16 rows, a lane those of lane / 4 and 8 below, and the columns 2 * (lane % 4) and the next of each eight.
static void finish(const Product& product, size_t group, size_t index) {
    int g = laneId() / 4, t = laneId() % 4, warpRow = current / WARP_LANES % 4 * 16;
    const Fiber* warp = &fibers[current / WARP_LANES * WARP_LANES];
    for (int i = 0; i < 32; i++) {
        if (!product.adds) {
            *product.c[i] = 0;
        } else if (!product.follows) {
            *product.c[i] = product.before[i];
        }
    }
    for (int k = 0; k < 16; k++) {
        float a[2];
        for (int r = 0; r < 2; r++) {
            unsigned int pair = warp[g * 4 + k % 8 / 2].groups[group][index].a[r + k / 8 * 2];
            a[r] = product.fromRegisters ? half(pair, k % 2) : operandElement(product.left, product.transposedLeft, warpRow + g + 8 * r, k);
        }
        for (int i = 0; i < 32; i += 4) {
            for (int side = 0; side < 2; side++) {
                float b = operandElement(product.right, product.transposedRight, i * 2 + 2 * t + side, k);
                *product.c[i + side] += a[0] * b;
                *product.c[i + side + 2] += a[1] * b;
            }
        }
    }
}

static void awaitGroups(size_t pending) {
    show(0, WGMMA);
    Fiber& self = fibers[current];
    size_t finished = self.groups.size() > pending ? self.groups.size() - pending : 0;
    for (size_t group = 0; group < finished; group++) {
        for (size_t index = 0; index < self.groups[group].size(); index++) {
            finish(self.groups[group][index], group, index);
        }
    }
    show(0, WGMMA);
    self.groups.erase(self.groups.begin(), self.groups.begin() + finished);
    self.unfenced = true;
}

template <size_t... I, typename Operands>
static Product product(std::index_sequence<I...>, const Operands& operands) {
    return {{&std::get<I>(operands)...}};
}
}  // namespace emulator

static inline void ptx_fence_proxy_async_shared() {
    emulator::fibers[emulator::current].unseen = false;
}

static inline void ptx_wgmma_fence_sync_aligned() {
    emulator::show(0, emulator::WGMMA);
    emulator::fibers[emulator::current].unfenced = false;
}

static inline void ptx_wgmma_commit_group_sync_aligned() {
    emulator::Fiber& self = emulator::fibers[emulator::current];
    self.groups.push_back(std::move(self.open));
    self.open.clear();
}

static inline void ptx_wgmma_wait_group_sync_aligned(int pending) {
    emulator::awaitGroups(pending);
}

// 32 sums, then the left operand in four registers or as a descriptor, the right one as a descriptor, whether it adds, and what is transposed.
template <typename... Operands>
static inline void ptx_wgmma_mma_async_sync_aligned_m64n64k16_f32_bf16_bf16(Operands&&... operands) {
    auto all = std::forward_as_tuple(operands...);
    emulator::Product product = emulator::product(std::make_index_sequence<32>(), all);
    if constexpr (sizeof...(Operands) == 36) {
        product.left = std::get<32>(all);
        product.right = std::get<33>(all);
        product.adds = std::get<34>(all);
        product.transposedLeft = product.transposedRight = std::get<35>(all);
    } else {
        product.fromRegisters = true;
        product.a[0] = std::get<32>(all);
        product.a[1] = std::get<33>(all);
        product.a[2] = std::get<34>(all);
        product.a[3] = std::get<35>(all);
        product.right = std::get<36>(all);
        product.adds = std::get<37>(all);
        product.transposedRight = std::get<38>(all);
    }
    emulator::issue(product);
}

// Requests on standard input, little-endian ints: 0 address(8) bytes(8) access(4) gives or takes memory; 1 length name grid(3) block(2) shared length
// packed-parameters runs a kernel. Each is answered by one int, 0.
namespace emulator {
static void readFully(void* to, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        ssize_t n = read(0, (char*) to + done, bytes - done);
        if (n <= 0) {
            exit(0);
        }
        done += n;
    }
}

template <typename T>
static T next() {
    T value;
    readFully(&value, sizeof(value));
    return value;
}

static std::string nextBytes() {
    std::string bytes(next<int32_t>(), '\0');
    readFully(bytes.data(), bytes.size());
    return bytes;
}

static void launch() {
    std::string name = nextBytes();
    kernel = name.c_str();
    gridDim = {next<uint32_t>(), next<uint32_t>(), next<uint32_t>()};
    blockDim = {next<uint32_t>(), next<uint32_t>(), 1};
    next<int32_t>();
    std::string packed = nextBytes();
    auto found = registry().find(name);
    if (found == registry().end()) {
        stop("there is no such kernel");
    }
    body = found->second;
    arguments = packed.data();
    threads = (size_t) blockDim.x * blockDim.y;
    if (fibers.size() < threads) {
        fibers.resize(threads);
    }
    for (size_t i = 0; i < threads; i++) {
        fibers[i].index = {(unsigned int) (i % blockDim.x), (unsigned int) (i / blockDim.x), 0};
    }
    for (blockIdx.z = 0; blockIdx.z < gridDim.z; blockIdx.z++) {
        for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++) {
            for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {
                runBlock();
            }
        }
    }
}

static void access() {
    void* address = (void*) next<int64_t>();
    size_t bytes = next<int64_t>();
    if (mprotect(address, bytes, next<int32_t>() ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) {
        perror("mprotect");
        exit(1);
    }
}
}  // namespace emulator

int main(int count, char** parameters) {
    int file = open(parameters[1], O_RDWR);
    void* base = (void*) strtoll(parameters[2], nullptr, 10);
    if (mmap(base, strtoll(parameters[3], nullptr, 10), PROT_NONE, MAP_SHARED | MAP_FIXED_NOREPLACE, file, 0) != base) {
        perror("mmap of the device's memory");
        return 1;
    }
    for (;;) {
        if (emulator::next<int32_t>() == 0) {
            emulator::access();
        } else {
            emulator::launch();
        }
        int32_t done = 0;
        if (write(1, &done, sizeof(done)) != sizeof(done)) {
            return 1;
        }
    }
}
