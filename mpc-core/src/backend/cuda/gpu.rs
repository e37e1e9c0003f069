//! One GPU as one session uses it: its context, a stream on which everything happens in order, and the kernels. The first
//! call that fails is kept, and after it nothing is asked of the GPU any more: see [`Gpu::check`].

#![allow(unsafe_code, reason = "functions of the driver")]

use super::{
    driver::{Code, checked, cu, missing},
    kernels::{Fill, Kernel},
    packs::Packs,
    staging::Staging,
};
use crate::error::{DeviceError, Error, Result};
use cust::{
    device::{Device, DeviceAttribute},
    sys,
};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    ffi::{CStr, c_void},
    ptr,
    rc::Rc,
};
use zeroize::Zeroizing;

/// Threads of a block, in every kernel.
const THREADS: u32 = 256;
/// The most blocks on a multiprocessor that an elementwise kernel asks for: its threads go on to further elements.
const BLOCKS: u64 = 16;
/// Shared memory of a product of limbs.
const MOST_SHARED: u32 = 1 << 16;

/// The kernels for GPUs with the tensor cores that they need, and for older ones: made by scripts/cuda-ptx.sh.
const PTX_80: &str = concat!(include_str!("../../../cuda/ptx/kernels_80.ptx"), "\0");
const PTX_75: &str = concat!(include_str!("../../../cuda/ptx/kernels_75.ptx"), "\0");

pub(super) struct Gpu {
    /// For messages.
    pub(super) name: String,
    /// Whether it has products of 8-bit integers of 16 x 8 x 32.
    pub(super) tensor_cores: bool,
    /// How many multiprocessors.
    pub(super) processors: u32,
    /// The most bytes that may be taken.
    pub(super) limit: u64,
    /// Bytes that are taken.
    pub(super) used: Cell<u64>,
    pub(super) staging: RefCell<Staging>,
    /// Limbs of operands that come again.
    pub(super) packs: Packs,
    /// Keys of generators that arrays follow from.
    keys: RefCell<Vec<Rc<Zeroizing<[u32; 8]>>>>,
    /// How much memory was taken so far: its numbers.
    memories: Cell<u64>,
    device: sys::CUdevice,
    context: sys::CUcontext,
    module: sys::CUmodule,
    pub(super) stream: sys::CUstream,
    functions: RefCell<HashMap<&'static CStr, sys::CUfunction>>,
    fault: RefCell<Option<DeviceError>>,
}

/// How many GPUs there are.
///
/// # Errors
/// [`DeviceError::NoDriver`] without a driver.
pub(super) fn count() -> Result<usize, DeviceError> {
    let none = |error: cust::error::CudaError| match missing() {
        Some(problem) => DeviceError::NoDriver(problem),
        None => DeviceError::Driver { call: "cuInit", code: error as Code, text: error.to_string() },
    };
    cust::init(cust::CudaFlags::empty()).map_err(none)?;
    Device::num_devices().map(|count| count as usize).map_err(none)
}

impl Gpu {
    pub(super) fn open(index: usize, limit: Option<u64>) -> Result<Rc<Self>, DeviceError> {
        let found = count()?;
        if index >= found {
            return Err(DeviceError::NoGpu { index, found });
        }
        let failed = |call: &'static str| {
            move |error: cust::error::CudaError| DeviceError::Driver {
                call,
                code: error as Code,
                text: error.to_string(),
            }
        };
        let device = Device::get_device(index as u32).map_err(failed("cuDeviceGet"))?;
        let attribute = |which| device.get_attribute(which).map_err(failed("cuDeviceGetAttribute"));
        let major = attribute(DeviceAttribute::ComputeCapabilityMajor)?;
        let minor = attribute(DeviceAttribute::ComputeCapabilityMinor)?;
        if (major, minor) < (7, 5) {
            return Err(DeviceError::OldGpu { major, minor });
        }
        let mut gpu = Self {
            name: format!("GPU {index} ({})", device.name().map_err(failed("cuDeviceGetName"))?),
            tensor_cores: major >= 8,
            processors: attribute(DeviceAttribute::MultiprocessorCount)?.max(1) as u32,
            limit: limit.unwrap_or(u64::MAX),
            used: Cell::new(0),
            staging: RefCell::default(),
            packs: Packs::default(),
            keys: RefCell::default(),
            memories: Cell::new(0),
            device: device.as_raw(),
            context: ptr::null_mut(),
            module: ptr::null_mut(),
            stream: ptr::null_mut(),
            functions: RefCell::default(),
            fault: RefCell::default(),
        };
        checked(cu!(cuDevicePrimaryCtxRetain(&mut gpu.context, gpu.device)))?;
        checked(cu!(cuCtxSetCurrent(gpu.context)))?;
        checked(cu!(cuStreamCreate(&mut gpu.stream, sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32)))?;
        let ptx = if gpu.tensor_cores { PTX_80 } else { PTX_75 };
        let (none, nones) = (ptr::null_mut(), ptr::null_mut());
        checked(cu!(cuModuleLoadDataEx(&mut gpu.module, ptx.as_ptr().cast(), 0, none, nones)))?;
        gpu.keep_freed_memory()?;
        Ok(Rc::new(gpu))
    }

    /// Memory that is freed stays with the process, so that most allocations do not go to the system.
    fn keep_freed_memory(&self) -> Result<(), DeviceError> {
        let (mut pool, mut most) = (ptr::null_mut(), self.limit);
        checked(cu!(cuDeviceGetDefaultMemPool(&mut pool, self.device)))?;
        let release = sys::CUmemPool_attribute_enum::CU_MEMPOOL_ATTR_RELEASE_THRESHOLD;
        checked(cu!(cuMemPoolSetAttribute(pool, release, ptr::from_mut(&mut most).cast())))
    }

    /// Gives freed memory back to the system: other sessions on this GPU may need it.
    pub(super) fn trim(&self) {
        let mut pool = ptr::null_mut();
        if self.ok(cu!(cuStreamSynchronize(self.stream)))
            && self.ok(cu!(cuDeviceGetDefaultMemPool(&mut pool, self.device)))
        {
            self.ok(cu!(cuMemPoolTrimTo(pool, 0)));
        }
    }

    /// Whether a call went well. If not, it is the reason for which everything after it is left out.
    pub(super) fn ok(&self, call: (&'static str, Code)) -> bool {
        checked(call).map_err(|problem| self.fail(problem)).is_ok()
    }

    /// Notes what is wrong. The first cause stays.
    pub(super) fn fail(&self, problem: DeviceError) {
        self.fault.borrow_mut().get_or_insert(problem);
    }

    /// Makes this GPU the one that calls of this thread are for. False after a failure.
    pub(super) fn enter(&self) -> bool {
        self.fault.borrow().is_none() && self.ok(cu!(cuCtxSetCurrent(self.context)))
    }

    /// Frees memory when all that was asked for before is done. Also after a failure: others may need it.
    pub(super) fn free(&self, at: u64) {
        let _ = cu!(cuCtxSetCurrent(self.context));
        let _ = cu!(cuMemFreeAsync(at, self.stream));
    }

    /// A number that no memory of this GPU has had.
    pub(super) fn next_number(&self) -> u64 {
        self.memories.set(self.memories.get() + 1);
        self.memories.get()
    }

    /// The number of a key, the same for the same key: a session has few of them.
    pub(super) fn key(&self, words: &Zeroizing<[u32; 8]>) -> usize {
        let mut keys = self.keys.borrow_mut();
        keys.iter().position(|key| **key == *words).unwrap_or_else(|| {
            keys.push(Rc::new(words.clone()));
            keys.len() - 1
        })
    }

    /// The key of a number.
    pub(super) fn key_words(&self, number: usize) -> Rc<Zeroizing<[u32; 8]>> {
        self.keys.borrow()[number].clone()
    }

    pub(super) fn fill_zeros(&self, out: u64, words: usize) {
        let threads = words as u64;
        self.each(threads, &Fill { threads, out, value: 0 });
    }

    /// What went wrong so far. Kernels run on when their calls have returned: what goes wrong in them shows when results are
    /// downloaded.
    pub(super) fn check(&self) -> Result<()> {
        match &*self.fault.borrow() {
            Some(problem) => Err(Error::Device { device: self.name.clone(), problem: problem.clone() }),
            None => Ok(()),
        }
    }

    /// Runs a kernel over `threads` elements, if there are any.
    pub(super) fn each<K: Kernel>(&self, threads: u64, args: &K) {
        if threads > 0 {
            let blocks = threads.div_ceil(u64::from(THREADS)).min(BLOCKS * u64::from(self.processors));
            self.launch([blocks as u32, 1, 1], 0, args);
        }
    }

    /// Runs a kernel of blocks, with so many bytes of shared memory.
    pub(super) fn launch<K: Kernel>(&self, grid: [u32; 3], shared: u32, args: &K) {
        if !self.enter() {
            return;
        }
        let Some(function) = self.function(K::NAME) else { return };
        let mut size = size_of::<K>();
        // The addresses 1 and 2 say that a buffer and its size follow; with a size, the driver refuses one that is wrong.
        let mut extra: [*mut c_void; 5] = [
            ptr::without_provenance_mut(1),
            ptr::from_ref(args).cast_mut().cast(),
            ptr::without_provenance_mut(2),
            ptr::from_mut(&mut size).cast(),
            ptr::null_mut(),
        ];
        let (stream, extra) = (self.stream, extra.as_mut_ptr());
        let [x, y, z] = grid;
        self.ok(cu!(cuLaunchKernel(function, x, y, z, THREADS, 1, 1, shared, stream, ptr::null_mut(), extra)));
    }

    fn function(&self, name: &'static CStr) -> Option<sys::CUfunction> {
        if let Some(&function) = self.functions.borrow().get(name) {
            return Some(function);
        }
        let mut function = ptr::null_mut();
        if !self.ok(cu!(cuModuleGetFunction(&mut function, self.module, name.as_ptr()))) {
            return None;
        }
        if name == c"mpc_limb_product" {
            let shared = sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            self.ok(cu!(cuFuncSetAttribute(function, shared, MOST_SHARED as i32)));
        }
        self.functions.borrow_mut().insert(name, function);
        Some(function)
    }
}

impl Drop for Gpu {
    /// Arrays hold on to their GPU: none is left. After a failure these calls may fail too, which changes nothing.
    fn drop(&mut self) {
        if self.context.is_null() {
            return;
        }
        let _ = cu!(cuCtxSetCurrent(self.context));
        if !self.stream.is_null() {
            let _ = cu!(cuStreamSynchronize(self.stream));
            self.staging.get_mut().free();
            let _ = cu!(cuStreamDestroy_v2(self.stream));
        }
        if !self.module.is_null() {
            let _ = cu!(cuModuleUnload(self.module));
        }
        let _ = cu!(cuDevicePrimaryCtxRelease_v2(self.device));
    }
}
