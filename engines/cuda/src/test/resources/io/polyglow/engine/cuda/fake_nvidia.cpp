// NVIDIA's driver, NVRTC, cuBLASLt and NCCL as far as the engine calls them, on the memory of the host, for tests of what Java tells them through JavaCPP's
// stubs: device memory is host memory, matrix products are computed plainly, kernels are not computed but written to the file FAKE_LOG. What is queued on a
// stream is done when somebody waits for it and no sooner, so that copies which do not wait for an event move the wrong bytes.
// FAKE_GPUS and FAKE_DRIVER say how many GPUs there are and which CUDA the driver is for; with FAKE_CABLE=0 nothing is sent between them; FAKE_REFUSED is an
// epilogue for which there are algorithms that do not work.

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

extern "C" {
static int number(const char* variable, int otherwise) {
    const char* text = getenv(variable);
    return text ? atoi(text) : otherwise;
}

static void note(const std::string& line) {
    FILE* file = fopen(getenv("FAKE_LOG"), "a");
    fprintf(file, "%s\n", line.c_str());
    fclose(file);
}

typedef std::vector<std::function<void()>> Graph;

struct Stream {
    std::deque<std::function<void()>> pending;
    uint64_t queued = 0, done = 0;
    Graph* recording = nullptr;
};

struct Event {
    unsigned int flags;
    Stream* stream = nullptr;
    uint64_t at = 0;
};

static const int INVALID = 1, NO_CONTEXT = 201, CAPTURING = 900;

static std::recursive_mutex gpu;
static std::vector<Stream*> streams;
static thread_local void* current;
// Whether this thread records a graph, so that what might wait is an error for it, but not for others.
static thread_local bool records;

static void finish(Stream* stream, uint64_t at) {
    std::lock_guard<std::recursive_mutex> lock(gpu);
    while (stream->done < at) {
        std::function<void()> work = stream->pending.front();
        stream->pending.pop_front();
        stream->done++;
        work();
    }
}

static void finishAll() {
    std::lock_guard<std::recursive_mutex> lock(gpu);
    for (Stream* stream : streams) {
        finish(stream, stream->queued);
    }
}

static int queue(Stream* stream, std::function<void()> work) {
    std::lock_guard<std::recursive_mutex> lock(gpu);
    if (!stream || !current) {
        return stream ? NO_CONTEXT : INVALID;
    }
    if (stream->recording) {
        stream->recording->push_back(work);
    } else {
        stream->pending.push_back(work);
        stream->queued++;
    }
    return 0;
}

// What a call that may wait for the device returns; such calls are written down.
static int mayWait(const char* call) {
    note(call);
    return !current ? NO_CONTEXT : records ? CAPTURING : 0;
}

static int give(void** place, void* value) {
    *place = value;
    return 0;
}

// The driver.

int cuInit(unsigned int) {
    return number("FAKE_GPUS", 1) ? 0 : 100;
}

int cuDriverGetVersion(int* version) {
    *version = number("FAKE_DRIVER", 13000);
    return 0;
}

int cuDeviceGetCount(int* count) {
    *count = number("FAKE_GPUS", 1);
    return 0;
}

int cuDeviceGet(int* device, int index) {
    *device = index;
    return index < number("FAKE_GPUS", 1) ? 0 : 101;
}

int cuDeviceGetName(char* name, int, int device) {
    sprintf(name, "Fake %d", device);
    return 0;
}

int cuDeviceGetUuid_v2(char* uuid, int device) {
    for (int i = 0; i < 16; i++) {
        uuid[i] = (char) (0x11 * i);
    }
    uuid[15] = (char) device;
    return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 4;  // compute capability 9.0, 4 multiprocessors
    return 0;
}

int cuDevicePrimaryCtxRetain(void** context, int device) {
    note("context on " + std::to_string(device));
    return give(context, malloc(1));
}

int cuDevicePrimaryCtxRelease_v2(int device) {
    note("context on " + std::to_string(device) + " released");
    return 0;
}

int cuCtxSetCurrent(void* context) {
    current = context;
    return 0;
}

int cuGetErrorName(int error, const char** text) {
    *text = error == 2 ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR";
    return 0;
}

int cuGetErrorString(int, const char** text) {
    *text = "a fake error";
    return 0;
}

int cuStreamCreate(void** made, unsigned int flags) {
    if (flags != 1 || !current) {
        return INVALID;
    }
    std::lock_guard<std::recursive_mutex> lock(gpu);
    streams.push_back(new Stream);
    return give(made, streams.back());
}

int cuStreamDestroy_v2(Stream* stream) {
    note("cuStreamDestroy");
    finish(stream, stream->queued);
    std::lock_guard<std::recursive_mutex> lock(gpu);
    streams.erase(std::find(streams.begin(), streams.end(), stream));
    delete stream;
    return 0;
}

int cuStreamSynchronize(Stream* stream) {
    int status = stream->recording ? CAPTURING : mayWait("cuStreamSynchronize");
    if (!status) {
        finish(stream, stream->queued);
    }
    return status;
}

int cuStreamQuery(Stream* stream) {
    if (stream->recording) {
        return CAPTURING;
    }
    finish(stream, stream->queued);
    return 0;
}

int cuStreamBeginCapture_v2(Stream* stream, int mode) {
    if (stream->recording || mode != 1 || !number("FAKE_CAPTURE", 1)) {
        return CAPTURING;
    }
    stream->recording = new Graph;
    records = true;
    return 0;
}

int cuStreamEndCapture(Stream* stream, void** graph) {
    *graph = stream->recording;
    stream->recording = nullptr;
    records = false;
    return *graph ? 0 : CAPTURING;
}

int cuGraphInstantiateWithFlags(void** executable, Graph* graph, unsigned long long) {
    return give(executable, new Graph(*graph));
}

int cuGraphDestroy(Graph* graph) {
    delete graph;
    return 0;
}

int cuGraphExecDestroy(Graph* executable) {
    finishAll();
    delete executable;
    return 0;
}

int cuGraphLaunch(Graph* executable, Stream* stream) {
    return queue(stream, [=] {
        note("graph of " + std::to_string(executable->size()));
        for (std::function<void()>& work : *executable) {
            work();
        }
    });
}

// Events that a thread waits for put it to sleep; those with times tell what is queued between them.

int cuEventCreate(void** event, unsigned int flags) {
    return current && (flags == 0 || flags == 2 || flags == 3) ? give(event, new Event{flags}) : INVALID;
}

int cuEventDestroy_v2(Event* event) {
    delete event;
    return 0;
}

int cuEventRecord(Event* event, Stream* stream) {
    std::lock_guard<std::recursive_mutex> lock(gpu);
    if (stream->recording || !current) {
        return CAPTURING;
    }
    event->stream = stream;
    event->at = stream->queued;
    return 0;
}

int cuStreamWaitEvent(Stream* stream, Event* event, unsigned int flags) {
    std::lock_guard<std::recursive_mutex> lock(gpu);
    Stream* other = event->stream;
    uint64_t at = event->at;
    return flags != 0 ? INVALID : other ? queue(stream, [=] { finish(other, at); }) : 0;
}

int cuEventElapsedTime_v2(float* milliseconds, Event* begin, Event* end) {
    *milliseconds = 1.5f;
    return begin->flags == 0 && end->flags == 0 && begin->stream && begin->stream == end->stream ? 0 : INVALID;
}

int cuEventSynchronize(Event* event) {
    int status = event->flags == 3 && event->stream ? mayWait("cuEventSynchronize") : INVALID;
    if (!status) {
        finish(event->stream, event->at);
    }
    return status;
}

int cuMemAlloc_v2(void** address, size_t bytes) {
    int status = mayWait("cuMemAlloc");
    if (status || bytes > (size_t) 1 << 32) {
        return status ? status : 2;
    }
    void* memory = aligned_alloc(256, (bytes + 255) & ~(size_t) 255);
    memset(memory, 0xff, bytes);
    return give(address, memory);
}

int cuMemFree_v2(void* address) {
    int status = mayWait("cuMemFree");
    if (!status) {
        finishAll();
        free(address);
    }
    return status;
}

int cuMemHostAlloc(void** memory, size_t bytes, unsigned int) {
    int status = mayWait("cuMemHostAlloc");
    return status ? status : give(memory, malloc(bytes));
}

int cuMemFreeHost(void* memory) {
    int status = mayWait("cuMemFreeHost");
    if (!status) {
        finishAll();
        free(memory);
    }
    return status;
}

int cuMemGetInfo_v2(size_t* free, size_t* total) {
    if (!current) {
        return NO_CONTEXT;
    }
    *free = (size_t) 3 << 30;
    *total = (size_t) 4 << 30;
    return 0;
}

int cuMemcpyHtoDAsync_v2(void* to, const void* from, size_t bytes, Stream* stream) {
    return stream->recording ? CAPTURING : queue(stream, [=] { memcpy(to, from, bytes); });
}

int cuMemcpyDtoDAsync_v2(void* to, void* from, size_t bytes, Stream* stream) {
    return queue(stream, [=] { memcpy(to, from, bytes); });
}

int cuMemcpyDtoHAsync_v2(void* to, const void* from, size_t bytes, Stream* stream) {
    return stream->recording ? CAPTURING : queue(stream, [=] { memcpy(to, from, bytes); });
}

int cuMemsetD8Async(void* to, unsigned char value, size_t bytes, Stream* stream) {
    return queue(stream, [=] { memset(to, value, bytes); });
}

int cuModuleLoadData(void** module, const void* image) {
    return give(module, strdup((const char*) image));
}

int cuModuleUnload(void* module) {
    note("module " + std::string((const char*) module) + " unloaded");
    free(module);
    return 0;
}

int cuModuleGetFunction(void** function, void* module, const char* name) {
    return give(function, strdup(((const char*) module + std::string(":") + name).c_str()));
}

int cuFuncSetAttribute(void*, int, int) {
    return 0;
}

int cuLaunchKernel(
        void* function, unsigned int x, unsigned int y, unsigned int z, unsigned int threadsX, unsigned int threadsY,
        unsigned int threadsZ, unsigned int shared, Stream* stream, void** parameters, void** extra) {
    if (parameters || extra[0] != (void*) 1 || extra[2] != (void*) 2 || extra[4]) {
        return 1;
    }
    char line[200];
    snprintf(line, sizeof(line), "%s<<<%u %u %u, %u %u %u, %u>>>", (char*) function, x, y, z, threadsX, threadsY, threadsZ, shared);
    std::string text = line;
    for (size_t i = 0; i < *(size_t*) extra[3]; i++) {
        snprintf(line, sizeof(line), "%s%02x", i ? "" : " ", ((unsigned char*) extra[1])[i]);
        text += line;
    }
    return queue(stream, [=] { note(text); });
}

// NVRTC: machine code is the name of the unit.

int nvrtcVersion(int* major, int* minor) {
    *major = 13;
    *minor = 0;
    return 0;
}

const char* nvrtcGetErrorString(int) {
    return "a fake error";
}

int nvrtcGetNumSupportedArchs(int* count) {
    *count = 2;
    return 0;
}

int nvrtcGetSupportedArchs(int* all) {
    all[0] = 80;
    all[1] = 90;
    return 0;
}

int nvrtcCreateProgram(void** program, const char*, const char* name, int, const char* const*, const char* const*) {
    return give(program, strdup(name));
}

int nvrtcCompileProgram(void*, int count, const char* const* options) {
    for (int i = 0; i < count; i++) {
        if (strcmp(options[i], "--gpu-architecture=sm_90a") == 0) {
            return 0;
        }
    }
    return 5;
}

int nvrtcDestroyProgram(void** program) {
    free(*program);
    return 0;
}

int nvrtcGetCUBINSize(void* program, size_t* bytes) {
    *bytes = strlen((char*) program) + 1;
    return 0;
}

int nvrtcGetCUBIN(void* program, char* code) {
    strcpy(code, (char*) program);
    return 0;
}

// cuBLASLt. A product has algorithms when its columns lie at multiples of 16 bytes: a slow one, with FAKE_ALGORITHMS=4 then one that fails, a fast one
// that is off by a bit, and a fast one.

struct Operation {
    int transposeA = 0, transposeB = 0, epilogue = 1;
    char* vector = nullptr;
};

struct Layout {
    int type;
    uint64_t rows, columns;
    int64_t ld;
};

struct Preference {
    uint64_t workspace = 0;
    unsigned int reduction = 7, alignment[4] = {256, 256, 256, 256};
};

struct Heuristic {
    uint64_t algorithm[8];
    size_t workspace;
    int state;
    float waves;
    int reserved[4];
};

static const uint64_t ALGORITHM = 0x1234567890abcdef;
static int library;

const char* cublasGetStatusName(int) {
    return "CUBLAS_STATUS_FAKE";
}

size_t cublasLtGetVersion() {
    return 130100;
}

int cublasLtCreate(void** handle) {
    return give(handle, &library);
}

int cublasLtDestroy(void* handle) {
    return handle == &library ? 0 : 7;
}

int cublasLtMatmulDescCreate(void** operation, int compute, int scale) {
    return compute == 68 && scale == 0 ? give(operation, new Operation) : 7;
}

int cublasLtMatmulDescDestroy(void* operation) {
    delete (Operation*) operation;
    return 0;
}

int cublasLtMatmulDescSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    Operation* operation = (Operation*) handle;
    if (bytes != (attribute == 8 ? 8 : 4)) {
        return 7;
    }
    switch (attribute) {
        case 3: operation->transposeA = *(int*) value; return 0;
        case 4: operation->transposeB = *(int*) value; return 0;
        case 7: operation->epilogue = *(int*) value; return 0;
        case 8: operation->vector = *(char**) value; return 0;
        default: return 7;
    }
}

int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t ld) {
    return ld >= (int64_t) rows ? give(layout, new Layout{type, rows, columns, ld}) : 7;
}

int cublasLtMatrixLayoutDestroy(void* layout) {
    delete (Layout*) layout;
    return 0;
}

int cublasLtMatmulPreferenceCreate(void** preference) {
    return give(preference, new Preference);
}

int cublasLtMatmulPreferenceDestroy(void* preference) {
    delete (Preference*) preference;
    return 0;
}

int cublasLtMatmulPreferenceSetAttribute(void* handle, int attribute, const void* value, size_t bytes) {
    Preference* preference = (Preference*) handle;
    if (bytes != (attribute == 1 ? 8 : 4)) {
        return 7;
    }
    switch (attribute) {
        case 1: preference->workspace = *(uint64_t*) value; return 0;
        case 3: preference->reduction = *(unsigned int*) value; return 0;
        case 5: case 6: case 7: case 8: preference->alignment[attribute - 5] = *(unsigned int*) value; return 0;
        default: return 7;
    }
}

static int bytesOf(const Layout* layout) {
    return layout->type == 14 ? 2 : 4;
}

int cublasLtMatmulAlgoGetHeuristic(
        void* handle, void* op, Layout* a, Layout* b, Layout* c, Layout* d, Preference* preference, int wanted,
        Heuristic* result, int* found) {
    Operation* operation = (Operation*) op;
    bool withBias = operation->epilogue != 1;
    bool aligned = a->ld * bytesOf(a) % 16 == 0 && b->ld * bytesOf(b) % 16 == 0 && d->ld * bytesOf(d) % 16 == 0;
    for (unsigned int alignment : preference->alignment) {
        aligned &= alignment == 16;
    }
    bool known = handle == &library && wanted > 2 && c == d && preference->reduction == 2 && withBias == (operation->vector != nullptr);
    *found = aligned && known ? number("FAKE_ALGORITHMS", 1) : 0;
    for (int i = 0; i < *found; i++) {
        result[i] = {{ALGORITHM, (uint64_t) i}, 0, 0, 1, {}};
    }
    return *found ? 0 : 15;
}

static float load(const void* matrix, const Layout* layout, int64_t at) {
    if (layout->type == 14) {
        uint32_t bits = (uint32_t) ((const uint16_t*) matrix)[at] << 16;
        float value;
        memcpy(&value, &bits, 4);
        return value;
    }
    return ((const float*) matrix)[at];
}

static void store(void* matrix, const Layout* layout, int64_t at, float value) {
    if (layout->type == 14) {
        uint32_t bits;
        memcpy(&bits, &value, 4);
        ((uint16_t*) matrix)[at] = (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
    } else {
        ((float*) matrix)[at] = value;
    }
}

// Element (row, column) of op(matrix).
static float element(const void* matrix, const Layout* layout, int transposed, int64_t row, int64_t column) {
    return load(matrix, layout, transposed ? column + row * layout->ld : row + column * layout->ld);
}

static void multiply(
        Operation o, float alpha, const void* a, Layout* la, const void* b, Layout* lb, float beta, const void* c, Layout* lc, void* d,
        Layout* ld) {
    int64_t m = ld->rows, n = ld->columns, k = o.transposeA ? la->rows : la->columns;
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) {
            float sum = 0;
            for (int64_t l = 0; l < k; l++) {
                sum += element(a, la, o.transposeA, i, l) * element(b, lb, o.transposeB, l, j);
            }
            sum *= alpha;
            sum += beta == 0 ? 0 : beta * load(c, lc, i + j * lc->ld);
            sum += o.epilogue == 4 ? load(o.vector, ld, i) : 0;
            store(d, ld, i + j * ld->ld, sum);
        }
    }
    char line[100];
    snprintf(line, sizeof(line), "product %d x %d x %d, epilogue %d", (int) m, (int) n, (int) k, o.epilogue);
    note(line);
}

int cublasLtMatmul(
        void* handle, void* op, const float* alpha, const void* a, Layout* la, const void* b, Layout* lb, const float* beta,
        const void* c, Layout* lc, void* d, Layout* ld, const uint64_t* algorithm, void* workspace, size_t workspaceBytes, Stream* stream) {
    if (handle != &library || *algorithm != ALGORITHM || !workspace || workspaceBytes == 0 || !stream) {
        return 7;
    }
    Operation operation = *(Operation*) op;
    if (operation.epilogue == number("FAKE_REFUSED", 0)) {
        note("refused epilogue " + std::to_string(operation.epilogue));
        return 15;
    }
    uint64_t choice = algorithm[1];
    if (choice == 1) {
        return 14;
    }
    float scale = *alpha * (choice == 2 ? 1.0f + 1.0f / (1 << 20) : 1.0f), kept = *beta;
    return queue(stream, [=] {
        multiply(operation, scale, a, la, b, lb, kept, c, lc, d, ld);
        if (choice > 0) {
            note("algorithm " + std::to_string(choice));
        } else if (number("FAKE_ALGORITHMS", 1) > 1) {
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    });
}

// NCCL between threads of this process. What is sent is copied at once; a communicator is in progress until all ranks have joined and all that it receives
// has come.

struct Id {
    char bytes[128];
};

struct Config {
    size_t size;
    unsigned int magic, version;
    int blocking, cgaClusterSize, minCTAs, maxCTAs;
    const char* netName;
    int splitShare, trafficClass;
    const char* commName;
    int collnetEnable, CTAPolicy, shrinkShare, nvlsCTAs, nChannelsPerNetPeer, nvlinkCentricSched, graphUsageMode, numRmaCtx;
};

struct Transfer {
    bool sends;
    void* memory;
    size_t bytes;
    int peer;
};

struct Communicator {
    std::string group;
    int rank, size;
    bool finished = false;
    std::vector<Transfer> expected;
};

static std::mutex everybody;
static std::map<std::string, int> joined;
static std::map<std::tuple<std::string, int, int>, std::deque<std::string>> flows;
static std::string lastError;
static thread_local std::vector<Transfer>* grouped;
static thread_local Communicator* groupedFor;
static thread_local Stream* groupedOn;

const char* ncclGetErrorString(int status) {
    return status == 2 ? "unhandled system error" : "a fake error";
}

const char* ncclGetLastError(Communicator*) {
    return lastError.c_str();
}

int ncclGetVersion(int* version) {
    *version = 22903;
    return 0;
}

int ncclGetUniqueId(Id* id) {
    static int groups;
    memset(id->bytes, 0x7f, sizeof(id->bytes));
    snprintf(id->bytes, sizeof(id->bytes), "group %d", ++groups);
    id->bytes[127] = 0x42;
    return 0;
}

int ncclCommInitRankConfig(Communicator** made, int size, Id id, int rank, const Config* c) {
    bool known = c->size == sizeof(Config) && c->magic == 0xcafebeef && c->version >= 22903 && c->blocking == 0 && !c->netName && !c->commName;
    for (int value : {c->cgaClusterSize, c->minCTAs, c->maxCTAs, c->splitShare, c->trafficClass, c->collnetEnable, c->CTAPolicy, c->shrinkShare,
                      c->nvlsCTAs, c->nChannelsPerNetPeer, c->nvlinkCentricSched, c->graphUsageMode, c->numRmaCtx}) {
        known &= value == INT_MIN;
    }
    if (!known || id.bytes[127] != 0x42 || rank < 0 || rank >= size) {
        return 4;
    }
    std::lock_guard<std::mutex> lock(everybody);
    *made = new Communicator{id.bytes, rank, size};
    joined[id.bytes]++;
    note("rank " + std::to_string(rank) + " of " + std::to_string(size) + " joins " + id.bytes);
    return 7;
}

int ncclCommGetAsyncError(Communicator* c, int* status) {
    std::lock_guard<std::mutex> lock(everybody);
    while (!c->expected.empty()) {
        Transfer next = c->expected.front();
        std::deque<std::string>& flow = flows[{c->group, next.peer, c->rank}];
        if (flow.empty()) {
            break;
        }
        if (flow.front().size() != next.bytes) {
            *status = 5;
            return 0;
        }
        memcpy(next.memory, flow.front().data(), next.bytes);
        flow.pop_front();
        c->expected.erase(c->expected.begin());
    }
    *status = joined[c->group] < c->size || !c->expected.empty() ? 7 : 0;
    return 0;
}

int ncclGroupStart() {
    grouped = new std::vector<Transfer>;
    return 0;
}

static int add(bool sends, void* memory, size_t count, int type, int peer, Communicator* c, Stream* stream) {
    if (!grouped || type != 0 || !stream || peer < 0 || peer >= c->size || peer == c->rank) {
        return 5;
    }
    groupedFor = c;
    groupedOn = stream;
    grouped->push_back({sends, memory, count, peer});
    return 0;
}

int ncclSend(void* memory, size_t count, int type, int peer, Communicator* c, Stream* stream) {
    if (!number("FAKE_CABLE", 1)) {
        lastError = "there is no cable";
        return 2;
    }
    return add(true, memory, count, type, peer, c, stream);
}

int ncclRecv(void* memory, size_t count, int type, int peer, Communicator* c, Stream* stream) {
    return add(false, memory, count, type, peer, c, stream);
}

int ncclGroupEnd() {
    if (!grouped->empty()) {
        finish(groupedOn, groupedOn->queued);
    }
    std::lock_guard<std::mutex> lock(everybody);
    for (const Transfer& each : *grouped) {
        if (each.sends) {
            flows[{groupedFor->group, groupedFor->rank, each.peer}].emplace_back((const char*) each.memory, each.bytes);
        } else {
            groupedFor->expected.push_back(each);
        }
    }
    delete grouped;
    grouped = nullptr;
    return 7;
}

int ncclCommFinalize(Communicator* c) {
    c->finished = true;
    return 7;
}

int ncclCommDestroy(Communicator* c) {
    note("rank " + std::to_string(c->rank) + (c->finished ? " left" : " fled"));
    delete c;
    return 0;
}

int ncclCommAbort(Communicator* c) {
    note("rank " + std::to_string(c->rank) + " aborted");
    delete c;
    return 0;
}
}
