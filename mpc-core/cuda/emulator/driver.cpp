// A CUDA driver without a GPU, for tests of the backend: the functions that the backend calls, and the kernels themselves,
// compiled for the host. Everything happens when it is asked for, in the thread that asks. Named by MPC_LIBCUDA:
//
//   c++ -O3 -std=c++17 -shared -fPIC -o libcuda_emulator.so driver.cpp
//
// What a GPU would do silently is found here: memory that is used before it is written holds 0xA5, a write beside an
// allocation ends the process when that is freed, arguments of another size than the kernel's are refused, and so are calls
// without a context. It says nothing about speed, races of threads, or the few lines that only nvcc compiles.
//
// Device 0 has compute capability 9.0, device 1 has 7.5 and so runs the kernels of old GPUs. Each has 1 GiB.
#include "../kernels/kernels.cu"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <map>
#include <mutex>

typedef int Code;
enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101, INVALID_CONTEXT = 201, NOT_FOUND = 500 };
enum { DEVICES = 2, GUARD = 64, BEFORE = 0xC5, FRESH = 0xA5 };

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
static std::mutex lock;
static std::map<u64, Allocation> allocations;
static u64 used[DEVICES];

// The allocation that has all of these bytes.
static bool holds(u64 at, u64 size) {
  std::lock_guard<std::mutex> guard(lock);
  auto next = allocations.upper_bound(at);
  if (next == allocations.begin()) return false;
  const auto &found = *--next;
  return at + size <= found.first + found.second.size && found.second.device == current->device;
}

#define NEEDS_CONTEXT \
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

Code cuStreamCreate(void **stream, unsigned) {
  NEEDS_CONTEXT;
  return *stream = malloc(1), SUCCESS;
}
Code cuStreamDestroy_v2(void *stream) { return free(stream), SUCCESS; }
Code cuStreamSynchronize(void *) {
  NEEDS_CONTEXT;
  return SUCCESS;
}
Code cuEventCreate(void **event, unsigned) {
  NEEDS_CONTEXT;
  return *event = malloc(1), SUCCESS;
}
Code cuEventRecord(void *, void *) { return SUCCESS; }
Code cuEventSynchronize(void *) { return SUCCESS; }
Code cuEventDestroy_v2(void *event) { return free(event), SUCCESS; }

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
Code cuMemFreeAsync(u64 at, void *) {
  NEEDS_CONTEXT;
  std::lock_guard<std::mutex> guard(lock);
  auto found = allocations.find(at);
  if (found == allocations.end()) return INVALID_VALUE;
  const u64 size = found->second.size;
  for (u64 k = 0; k < GUARD; ++k) {
    if (((u8 *)at)[k - GUARD] != BEFORE || ((u8 *)at)[size + k] != BEFORE) {
      fprintf(stderr, "a kernel wrote beside an allocation of %llu bytes\n", (unsigned long long)size);
      abort();
    }
  }
  used[found->second.device] -= size;
  allocations.erase(found);
  free((u8 *)at - 256);
  return SUCCESS;
}
Code cuMemAllocHost_v2(void **at, u64 size) { return (*at = malloc(size)) ? SUCCESS : OUT_OF_MEMORY; }
Code cuMemFreeHost(void *at) { return free(at), SUCCESS; }
Code cuMemcpyHtoDAsync_v2(u64 to, const void *from, u64 size, void *) {
  NEEDS_CONTEXT;
  if (!holds(to, size)) return INVALID_VALUE;
  return memcpy((void *)to, from, size), SUCCESS;
}
Code cuMemcpyDtoHAsync_v2(void *to, u64 from, u64 size, void *) {
  NEEDS_CONTEXT;
  if (!holds(from, size)) return INVALID_VALUE;
  return memcpy(to, (const void *)from, size), SUCCESS;
}
Code cuMemcpyDtoDAsync_v2(u64 to, u64 from, u64 size, void *) {
  NEEDS_CONTEXT;
  if (!holds(from, size) || !holds(to, size)) return INVALID_VALUE;
  return memmove((void *)to, (const void *)from, size), SUCCESS;
}

Code cuLaunchKernel(Kernel *kernel, u32 x, u32 y, u32 z, u32 threads, u32 by, u32 bz, u32 shared, void *, void **params,
                      void **extra) {
  NEEDS_CONTEXT;
  if (!x || !y || !z || x > 0x7FFFFFFF || y > 65535 || z > 65535) return INVALID_VALUE;
  if (threads != 256 || by != 1 || bz != 1 || shared > 1 << 16) return INVALID_VALUE;
  // (void *)1, pointer, (void *)2, size, 0
  if (params || !extra || extra[0] != (void *)1 || extra[2] != (void *)2) return INVALID_VALUE;
  if (*(u64 *)extra[3] != kernel->size) return INVALID_VALUE;
  const u32 grid[3] = {x, y, z};
  kernel->run(extra[1], grid);
  return SUCCESS;
}

Code cuGetErrorName(int error, const char **text) { return *text = error == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "an error of the emulator", SUCCESS; }
Code cuGetErrorString(int error, const char **text) { return *text = error == OUT_OF_MEMORY ? "out of memory" : "an error of the emulator", SUCCESS; }
}
