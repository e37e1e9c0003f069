// A CUDA driver without a GPU, for tests of the backend: the functions that the backend calls, and the kernels themselves,
// compiled for the host. Named by MPC_LIBCUDA:
//
//   c++ -O3 -std=c++17 -ffp-contract=off -shared -fPIC -o libcuda_emulator.so driver.cpp
//
// What a GPU would do silently is found here: memory that is used before it is written holds 0xA5 and what was freed 0xDD, a
// write beside an allocation ends the process when that is freed, and so does a copy of memory that is not there; arguments of
// another size than the kernel's are refused, and so are calls without a context. It says nothing about speed, races of threads
// of a kernel, or the few lines that only nvcc compiles.
//
// Streams do what they are asked for as late as they may: when somebody waits for them, and no more than that needs. A stream
// that does not wait for an event of another one runs before it or after it. So what is read before it is written, freed before
// it is read, or taken for something else before it is copied, shows in the results. On device 1 every second stream of a thread
// does everything as early as it may instead, while the first is late: the other order of the two.
//
// Whoever takes memory of exactly LOST bytes has lost the GPU: this call and all later ones of the thread fail.
//
// Device 0 has compute capability 9.0, device 1 has 7.5 and so runs the kernels of old GPUs. Each has 1 GiB.
#include "../kernels/kernels.cu"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>

typedef int Code;
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, NOT_FOUND = 500 };
enum { LAUNCH_FAILED = 719, LOST = 8 * 7919 };
enum { DEVICES = 2, GUARD = 64, BEFORE = 0xC5, FRESH = 0xA5, FREED = 0xDD, LATEST = 4096 };

static const u64 MEMORY = (u64)1 << 30;
static Kernel *kernels;

Kernel::Kernel(const char *name, u64 size, void (*run)(const void *, const u32 *))
    : name(name), size(size), run(run), next(kernels) {
  kernels = this;
}

struct Context {
  int device;
};
struct Allocation {
  u64 size;
  int device;
};
static Context contexts[DEVICES] = {{0}, {1}};
static thread_local Context *current;
static thread_local bool lost;
static std::mutex lock;
static std::map<u64, Allocation> allocations;
static u64 used[DEVICES];

// Memory that was freed, for those who read it nevertheless; the oldest goes back to the system.
static std::deque<std::pair<u8 *, u64>> freed;
static u64 freed_bytes;

static void fatal(const char *what, u64 size) {
  fprintf(stderr, "%s, of %llu bytes\n", what, (unsigned long long)size);
  abort();
}

// Whether an allocation of this device has all of these bytes.
static bool holds(int device, u64 at, u64 size) {
  std::lock_guard<std::mutex> guard(lock);
  auto next = allocations.upper_bound(at);
  if (next == allocations.begin()) return false;
  const auto &found = *--next;
  return at + size <= found.first + found.second.size && found.second.device == device;
}

static void release(u64 at) {
  std::lock_guard<std::mutex> guard(lock);
  auto found = allocations.find(at);
  if (found == allocations.end()) fatal("memory is freed that is not there", 0);
  const u64 size = found->second.size;
  for (u64 k = 0; k < GUARD; ++k)
    if (((u8 *)at)[k - GUARD] != BEFORE || ((u8 *)at)[size + k] != BEFORE)
      fatal("a kernel wrote beside an allocation", size);
  used[found->second.device] -= size;
  allocations.erase(found);
  memset((void *)at, FREED, size);
  freed.push_back({(u8 *)at - 256, size});
  freed_bytes += size;
  while (freed_bytes > MEMORY / 16) {
    free(freed.front().first);
    freed_bytes -= freed.front().second;
    freed.pop_front();
  }
}

struct Stream;

// Recorded `asked` times, the last time in `stream`, of which `done` have happened.
struct Event {
  Stream *stream = nullptr;
  u64 asked = 0, done = 0;
};

// What a stream still has to do. A stream belongs to the thread that made it.
struct Task {
  std::function<void()> run;
  Event *awaited = nullptr; // that this many of its records have happened
  u64 records = 0;
};
struct Stream {
  int device;
  bool eager;
  std::deque<Task> tasks;

  void ask(Task task) {
    tasks.push_back(std::move(task));
    if (eager) {
      while (!tasks.empty() && (!tasks.front().awaited || tasks.front().awaited->done >= tasks.front().records)) step();
    } else if (tasks.size() > LATEST) {
      step();
    }
  }
  // Does the first task, and what it waits for.
  void step() {
    const Task task = std::move(tasks.front());
    tasks.pop_front();
    if (task.awaited)
      while (task.awaited->done < task.records) task.awaited->stream->step();
    if (task.run) task.run();
  }
  void finish() {
    while (!tasks.empty()) step();
  }
};

#define NEEDS_CONTEXT \
  if (lost) return LAUNCH_FAILED; \
  if (!current) return INVALID_CONTEXT

extern "C" {

Code cuInit(unsigned) { return SUCCESS; }
Code cuDriverGetVersion(int *version) { return *version = 13000, SUCCESS; }
Code cuDeviceGetCount(int *count) { return *count = DEVICES, SUCCESS; }
Code cuDeviceGet(int *device, int index) {
  if (index < 0 || index >= DEVICES) return INVALID_DEVICE;
  return *device = index, SUCCESS;
}
Code cuDeviceGetName(char *name, int len, int device) {
  return snprintf(name, len, "emulated GPU %d", device), SUCCESS;
}
Code cuDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case 75: *value = device == 0 ? 9 : 7; break;  // compute capability, major
    case 76: *value = device == 0 ? 0 : 5; break;  // minor
    case 16: *value = 1; break;                    // multiprocessors
    case 115: *value = 1; break;                   // memory pools
    case 13: *value = 1000000; break;              // clock in kHz
    case 36: *value = 1000000; break;              // of the memory
    case 37: *value = 64; break;                   // bits that it gives at a time
    default: return INVALID_VALUE;
  }
  return SUCCESS;
}
Code cuDevicePrimaryCtxRetain(Context **context, int device) { return *context = contexts + device, SUCCESS; }
Code cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
Code cuCtxSetCurrent(Context *context) { return current = context, SUCCESS; }

Code cuModuleLoadDataEx(void **module, const void *image, unsigned, void *, void *) {
  NEEDS_CONTEXT;
  // PTX for this device, or an older one.
  const char *target = strstr((const char *)image, ".target sm_");
  const int of = current->device == 0 ? 90 : 75;
  if (!target || atoi(target + 11) > of) return 209; // no binary for this GPU
  return *module = current, SUCCESS;
}
Code cuModuleUnload(void *) { return SUCCESS; }
Code cuModuleGetFunction(Kernel **function, void *, const char *name) {
  NEEDS_CONTEXT;
  for (*function = kernels; *function; *function = (*function)->next)
    if (!strcmp((*function)->name, name)) return SUCCESS;
  return NOT_FOUND;
}
Code cuFuncSetAttribute(Kernel *, int attribute, int value) {
  return attribute == 8 && value <= 1 << 16 ? SUCCESS : INVALID_VALUE;
}

Code cuStreamCreate(Stream **stream, unsigned) {
  NEEDS_CONTEXT;
  static thread_local unsigned made;
  return *stream = new Stream{current->device, current->device == 1 && made++ % 2 == 1, {}}, SUCCESS;
}
Code cuStreamDestroy_v2(Stream *stream) {
  stream->finish();
  return delete stream, SUCCESS;
}
Code cuStreamSynchronize(Stream *stream) {
  NEEDS_CONTEXT;
  return stream->finish(), SUCCESS;
}
Code cuEventCreate(Event **event, unsigned) {
  NEEDS_CONTEXT;
  return *event = new Event, SUCCESS;
}
Code cuEventRecord(Event *event, Stream *stream) {
  NEEDS_CONTEXT;
  const u64 number = ++event->asked;
  event->stream = stream;
  stream->ask({[=] { event->done = number; }});
  return SUCCESS;
}
Code cuEventSynchronize(Event *event) {
  if (lost) return LAUNCH_FAILED;
  const u64 number = event->asked;
  while (event->done < number) event->stream->step();
  return SUCCESS;
}
Code cuStreamWaitEvent(Stream *stream, Event *event, unsigned flags) {
  NEEDS_CONTEXT;
  if (flags) return INVALID_VALUE;
  if (event->asked) stream->ask({nullptr, event, event->asked});
  return SUCCESS;
}
// Streams may still wait for it: it stays.
Code cuEventDestroy_v2(Event *) { return SUCCESS; }

Code cuDeviceGetDefaultMemPool(void **pool, int) { return *pool = kernels, SUCCESS; }
Code cuMemPoolSetAttribute(void *, int, void *) { return SUCCESS; }
Code cuMemPoolTrimTo(void *, u64) { return SUCCESS; }
Code cuMemGetInfo_v2(u64 *left, u64 *total) {
  NEEDS_CONTEXT;
  std::lock_guard<std::mutex> guard(lock);
  *total = MEMORY, *left = MEMORY - used[current->device];
  return SUCCESS;
}
Code cuMemAllocAsync(u64 *at, u64 size, void *) {
  NEEDS_CONTEXT;
  if (size == 0) return INVALID_VALUE;
  if (size == LOST) return lost = true, LAUNCH_FAILED;
  std::lock_guard<std::mutex> guard(lock);
  if (used[current->device] + size > MEMORY) return OUT_OF_MEMORY;
  u8 *memory = (u8 *)aligned_alloc(256, (size + 2 * 256 + 255) / 256 * 256);
  if (!memory) return OUT_OF_MEMORY;
  memset(memory, BEFORE, 256);
  memset(memory + 256, FRESH, size);
  memset(memory + 256 + size, BEFORE, GUARD);
  used[current->device] += size;
  *at = (u64)(memory + 256);
  allocations[*at] = {size, current->device};
  return SUCCESS;
}
// Also of a GPU that is lost, so that others of this process have the memory.
Code cuMemFreeAsync(u64 at, Stream *stream) {
  stream->ask({[=] { release(at); }});
  return SUCCESS;
}
Code cuMemAllocHost_v2(void **at, u64 size) { return (*at = malloc(size)) ? SUCCESS : OUT_OF_MEMORY; }
Code cuMemFreeHost(void *at) { return free(at), SUCCESS; }

// What does not lie in memory of the device when the call is made is refused; when the copy is done it ends the process.
static Code copy(Stream *stream, void *to, const void *from, u64 size, bool to_device, bool from_device) {
  NEEDS_CONTEXT;
  const auto there = [=] {
    const int device = stream->device;
    return (!to_device || holds(device, (u64)to, size)) && (!from_device || holds(device, (u64)from, size));
  };
  if (!there()) return INVALID_VALUE;
  stream->ask({[=] {
    if (!there()) fatal("a copy of memory that was freed before", size);
    memmove(to, from, size);
  }});
  return SUCCESS;
}
Code cuMemcpyHtoDAsync_v2(u64 to, const void *from, u64 size, Stream *stream) {
  return copy(stream, (void *)to, from, size, true, false);
}
Code cuMemcpyDtoHAsync_v2(void *to, u64 from, u64 size, Stream *stream) {
  return copy(stream, to, (const void *)from, size, false, true);
}
Code cuMemcpyDtoDAsync_v2(u64 to, u64 from, u64 size, Stream *stream) {
  return copy(stream, (void *)to, (const void *)from, size, true, true);
}

Code cuLaunchKernel(Kernel *kernel, u32 x, u32 y, u32 z, u32 threads, u32 by, u32 bz, u32 shared, Stream *stream,
                    void **params, void **extra) {
  NEEDS_CONTEXT;
  if (!x || !y || !z || x > 0x7FFFFFFF || y > 65535 || z > 65535) return INVALID_VALUE;
  if (threads != 256 || by != 1 || bz != 1 || shared > 1 << 16) return INVALID_VALUE;
  // (void *)1, pointer, (void *)2, size, 0
  if (params || !extra || extra[0] != (void *)1 || extra[2] != (void *)2) return INVALID_VALUE;
  if (*(u64 *)extra[3] != kernel->size) return INVALID_VALUE;
  const std::string args((const char *)extra[1], kernel->size);
  stream->ask({[=] {
    const u32 grid[3] = {x, y, z};
    kernel->run(args.data(), grid);
  }});
  return SUCCESS;
}

static const char *text_of(int error) {
  if (error == OUT_OF_MEMORY) return "out of memory";
  return error == LAUNCH_FAILED ? "a GPU is lost" : "an error of the emulator";
}
Code cuGetErrorName(int error, const char **text) { return *text = text_of(error), SUCCESS; }
Code cuGetErrorString(int error, const char **text) { return *text = text_of(error), SUCCESS; }
}
