//! One GPU as one session uses it: its context, a stream on which everything happens in order, another for what leaves
//! meanwhile (travel.rs), and the kernels. The first
//! call that fails is kept, and after it nothing is asked of the GPU any more: see [`Gpu::check`].

#![allow(unsafe_code, reason = "functions of the driver")]

use super::{
    driver::{Code, checked, cu, missing},
    kernels::{Fill, Kernel, Random, RandomAes},
    keys::{Key, Sliced},
    packs::Packs,
    staging::Staging,
    travel::Bags,
};
use crate::{
    error::{DeviceError, Error, Result},
    rand::Seed,
};
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

/// Threads of a block, in every kernel.
const THREADS: u32 = 256;
/// The most blocks on a multiprocessor that an elementwise kernel asks for: its threads go on to further elements.
const BLOCKS: u64 = 16;
/// 32-bit words that a thread makes of ChaCha20: a block, and of AES: two blocks.
const CHACHA_BLOCK: u64 = 16;
const AES_BLOCKS: u64 = 8;
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
    pub(super) ceilings: Option<Ceilings>,
    /// The most bytes that may be taken.
    pub(super) limit: u64,
    /// Bytes that are taken.
    pub(super) used: Cell<u64>,
    pub(super) staging: RefCell<Staging>,
    /// For what leaves while kernels run.
    pub(super) bags: RefCell<Bags>,
    /// Limbs of operands that come again.
    pub(super) packs: Packs,
    /// Keys of generators that arrays follow from.
    keys: RefCell<Vec<Key>>,
    /// How much memory was taken so far: its numbers.
    memories: Cell<u64>,
    device: sys::CUdevice,
    context: sys::CUcontext,
    module: sys::CUmodule,
    pub(super) stream: sys::CUstream,
    /// Copies to the host that wait for kernels of the other stream, and for which none of these waits.
    pub(super) copies: sys::CUstream,
    functions: RefCell<HashMap<&'static CStr, sys::CUfunction>>,
    fault: RefCell<Option<DeviceError>>,
}

/// What a GPU can do at best, by what its driver says of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceilings {
    /// Bytes a second that its memory gives or takes.
    pub bytes: f64,
    /// Multiplications modulo 2^64 a second, of 36 products of 8 bits each, at its highest clock.
    pub products: f64,
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
        // Of no use but to measure against: a driver may refuse to say.
        let rate = |which| device.get_attribute(which).ok().filter(|&rate| rate > 0).map(|rate| f64::from(rate) * 1e3);
        let processors = attribute(DeviceAttribute::MultiprocessorCount)?.max(1) as u32;
        // Products of 8 bits that a multiprocessor adds up in a cycle.
        let each = match (major, minor) {
            (9, _) => 4096,
            (8, 0) => 2048,
            (7 | 8, _) => 1024,
            _ => 0,
        };
        let ceilings = || {
            let width = f64::from(device.get_attribute(DeviceAttribute::GlobalMemoryBusWidth).ok()?);
            let cycles = rate(DeviceAttribute::ClockRate)? * f64::from(processors);
            // Memory gives bits twice a cycle.
            let bytes = 2.0 * rate(DeviceAttribute::MemoryClockRate)? * width / 8.0;
            Some(Ceilings { bytes, products: cycles * f64::from(each) / 36.0 })
        };
        let mut gpu = Self {
            ceilings: ceilings().filter(|ceilings| ceilings.products > 0.0),
            name: format!("GPU {index} ({})", device.name().map_err(failed("cuDeviceGetName"))?),
            tensor_cores: major >= 8,
            processors,
            limit: limit.unwrap_or(u64::MAX),
            used: Cell::new(0),
            staging: RefCell::default(),
            bags: RefCell::default(),
            packs: Packs::default(),
            keys: RefCell::default(),
            memories: Cell::new(0),
            device: device.as_raw(),
            context: ptr::null_mut(),
            module: ptr::null_mut(),
            stream: ptr::null_mut(),
            copies: ptr::null_mut(),
            functions: RefCell::default(),
            fault: RefCell::default(),
        };
        checked(cu!(cuDevicePrimaryCtxRetain(&mut gpu.context, gpu.device)))?;
        checked(cu!(cuCtxSetCurrent(gpu.context)))?;
        let alone = sys::CUstream_flags_enum::CU_STREAM_NON_BLOCKING as u32;
        checked(cu!(cuStreamCreate(&mut gpu.stream, alone)))?;
        checked(cu!(cuStreamCreate(&mut gpu.copies, alone)))?;
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

    pub(super) fn context(&self) -> sys::CUcontext {
        self.context
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
    pub(super) fn key(&self, seed: &Seed) -> usize {
        let (words, mut keys) = (seed.words(), self.keys.borrow_mut());
        keys.iter().position(|key| key.is(&words)).unwrap_or_else(|| {
            keys.push(Key::new(words));
            keys.len() - 1
        })
    }

    /// Writes `bytes` of a stream from its word `first` of 32 bits on to `out`, or adds them to what is there, as `how` says.
    pub(super) fn expand(&self, key: usize, stream: u64, first: u64, out: u64, bytes: usize, how: u64) {
        let (len, keys) = (bytes as u64 / 4, self.keys.borrow());
        let blocks = |words: u64| (first + len).div_ceil(words) - first / words;
        match &keys[key].sliced {
            Sliced::ChaCha20(key) => {
                let threads = if len > 0 { blocks(CHACHA_BLOCK) } else { 0 };
                self.each(threads, &Random { threads, out, stream, first, len, how, key: **key });
            }
            Sliced::Aes256Ctr(key) => {
                let threads = if len > 0 { blocks(AES_BLOCKS) } else { 0 };
                self.each(threads, &RandomAes { threads, out, stream, first, len, how, key: ***key });
            }
        }
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
        for stream in [self.stream, self.copies] {
            if !stream.is_null() {
                let _ = cu!(cuStreamSynchronize(stream));
            }
        }
        self.staging.get_mut().free();
        self.bags.get_mut().free();
        for stream in [self.stream, self.copies] {
            if !stream.is_null() {
                let _ = cu!(cuStreamDestroy_v2(stream));
            }
        }
        if !self.module.is_null() {
            let _ = cu!(cuModuleUnload(self.module));
        }
        let _ = cu!(cuDevicePrimaryCtxRelease_v2(self.device));
    }
}
