/* Finds the functions of the CUDA driver when they are first called. A program then starts on every machine; without a
   driver every call says CUDA_ERROR_NO_DEVICE. MPC_LIBCUDA names another library than the system's, such as the tests'
   emulator; so does mpc_cuda_library, before the first call. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_DEVICE = 100, NOT_FOUND = 500 };

/* In trampolines.s, which build.rs writes. */
extern const char *const cu_shim_names[];
extern void *volatile cu_shim_table[];

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int loaded;
static void *library;
static char chosen[4096];
static char problem[512] = "not looked for yet";

static void load(void) {
  loaded = 1;
  const char *path = chosen[0] ? chosen : getenv("MPC_LIBCUDA");
  if (path && path[0]) {
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  } else {
    library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  }
  if (library) {
    problem[0] = 0;
  } else {
    const char *why = dlerror();
    snprintf(problem, sizeof problem, "%s", why ? why : "it could not be loaded");
  }
}

/* Chooses the library. 0 if that comes too late, or the path is too long. */
int mpc_cuda_library(const char *path) {
  if (loaded || strlen(path) >= sizeof chosen) return library && !strcmp(path, chosen);
  strcpy(chosen, path);
  return 1;
}

/* Why there is no library; empty if there is one. */
const char *mpc_cuda_problem(void) {
  pthread_once(&once, load);
  return problem;
}

static int no_device(void) { return NO_DEVICE; }
static int not_found(void) { return NOT_FOUND; }

/* cuGetErrorName and cuGetErrorString, where there is no driver to ask. */
static int error_text(int error, const char **text) {
  *text = error == NO_DEVICE ? "no CUDA driver (libcuda.so.1)" : "unknown error";
  return 0;
}

void *cu_shim_resolve(unsigned number) {
  pthread_once(&once, load);
  const char *name = cu_shim_names[number];
  void *function = library ? dlsym(library, name) : 0;
  if (!function) {
    int text = !strcmp(name, "cuGetErrorString") || !strcmp(name, "cuGetErrorName");
    function = text ? (void *)error_text : library ? (void *)not_found : (void *)no_device;
  }
  cu_shim_table[number] = function;
  return function;
}
