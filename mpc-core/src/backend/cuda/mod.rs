//! The CUDA backend: arrays live in the memory of an NVIDIA GPU and stay there until they are opened. docs/cuda.md says how
//! it is built, chosen and tested, and what it does not do yet.
//!
//! Kernels are for the ring of 64 bits, which sessions use, and for what exponentials take of that of 128 bits: random values,
//! their sums, what the dealer makes of masks. All else in other rings, and functions of values in the clear, is computed by the
//! [`Cpu`] backend, on copies: slower, and to the last bit the same.
//!
//! Calls return at once, in the order of one stream; only [`Backend::download`] waits. What [`Backend::to_wire`] gives is on its
//! way on a second stream, and is waited for when it is sent. What fails, such as memory that is not there, is kept and shows
//! in [`Backend::check`], before anything of it is sent or read.

mod array;
mod blocks;
mod dealt;
mod driver;
mod gates;
mod gpu;
mod kernels;
mod keys;
mod layout;
mod packs;
mod product;
mod rings;
mod staging;
mod travel;
mod words;

pub use array::CudaArray;
pub use gpu::Ceilings;

use super::{Backend, Bits, ByBit, Cpu, CpuArray, Exponential, Masked, Payload, Series, tree};
use crate::{
    bilinear::{Bilinear, Linear},
    error::{DeviceError, Error, Result},
    rand::{Address, Seed},
    ring::Ring,
    shape::View,
};
use gpu::Gpu;
use std::{cell::RefCell, collections::HashMap, fmt, ops::Range, path::Path, rc::Rc};

/// Constants that are kept on the GPU. They are index tables; when there are so many, all go.
const CONSTANTS: usize = 256;

/// Kernels on an NVIDIA GPU.
#[derive(Clone)]
pub struct Cuda(Rc<Inner>);

struct Inner {
    gpu: Rc<Gpu>,
    tuning: Tuning,
    /// For what the GPU has no kernel.
    cpu: Cpu,
    /// Index tables by what they say.
    constants: RefCell<HashMap<Vec<u32>, CudaArray<u32>>>,
}

/// When a product of matrices goes to the tensor cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// The fewest multiplications.
    pub limbs_from: usize,
    /// Elements of an operand that are written as limbs at a time, 8 bytes each.
    pub packed: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { limbs_from: 1 << 22, packed: 1 << 25 }
    }
}

/// Uses another library than the system's libcuda.so.1, in the whole process: the emulator that the tests have. As does
/// the variable `MPC_LIBCUDA`. False if the driver was called before, by another library.
pub fn use_library(path: &Path) -> bool {
    driver::use_library(path)
}

/// How many GPUs there are.
///
/// # Errors
/// [`Error::Device`] without a driver.
pub fn count() -> Result<usize> {
    gpu::count().map_err(|problem| Error::Device { device: "CUDA".to_owned(), problem })
}

impl Cuda {
    /// Kernels on one of the GPUs, counted from 0. They take no more than `limit` bytes of its memory, if that is given.
    ///
    /// # Errors
    /// [`Error::Device`] if there is no driver or no such GPU, or if it cannot be used; [`Error::Setting`] for a wrong
    /// `MPC_CPU`.
    pub fn new(index: usize, limit: Option<u64>) -> Result<Self> {
        Self::tuned(index, limit, Tuning::default())
    }

    /// With another tuning.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn tuned(index: usize, limit: Option<u64>, tuning: Tuning) -> Result<Self> {
        let failed = |problem: DeviceError| Error::Device { device: format!("GPU {index}"), problem };
        let gpu = Gpu::open(index, limit).map_err(failed)?;
        Ok(Self(Rc::new(Inner { gpu, tuning, cpu: Cpu::from_env()?, constants: RefCell::default() })))
    }

    /// The GPU, for messages.
    pub fn name(&self) -> &str {
        &self.0.gpu.name
    }

    /// Bytes of its memory that this backend has taken.
    pub fn used(&self) -> u64 {
        self.0.gpu.used.get()
    }

    /// What the GPU can do at best; nothing if its driver does not say, or nobody has said it of this kind.
    pub fn ceilings(&self) -> Option<Ceilings> {
        self.0.gpu.ceilings
    }

    /// Bytes of limbs that are kept for operands that come again (they are part of [`Self::used`], and make room when memory is
    /// short), and how often limbs were used again.
    pub fn kept(&self) -> (u64, u64) {
        self.0.gpu.packs.kept()
    }

    fn gpu(&self) -> &Rc<Gpu> {
        &self.0.gpu
    }

    fn room<R: Ring>(&self, len: usize) -> CudaArray<R> {
        CudaArray::room(self.gpu(), len)
    }

    fn copied_in<R: Ring>(&self, data: &[R]) -> CudaArray<R> {
        let array = self.room(data.len());
        self.gpu().copy_in(bytemuck::cast_slice(data), array.at());
        array
    }

    /// An index table.
    fn constant(&self, table: Vec<u32>) -> CudaArray<u32> {
        let mut constants = self.0.constants.borrow_mut();
        if let Some(found) = constants.get(&table) {
            return found.clone();
        }
        if constants.len() >= CONSTANTS {
            constants.clear();
        }
        let array = self.copied_in(&table);
        constants.insert(table, array.clone());
        array
    }

    /// For what the CPU computes.
    fn host<R: Ring>(&self, a: &CudaArray<R>) -> CpuArray<R> {
        self.download(a).into()
    }
    fn back<R: Ring>(&self, a: CpuArray<R>) -> CudaArray<R> {
        self.copied_in(&a)
    }
}

impl fmt::Debug for Cuda {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cuda({})", self.name())
    }
}

/// The same array, seen as one of another ring, if that is what it is.
fn same<R: Ring, S: Ring>(a: &CudaArray<R>) -> Option<&CudaArray<S>> {
    (a as &dyn std::any::Any).downcast_ref()
}

/// An array of the ring of 64 bits as one of `R`, which is that ring.
fn of<R: Ring>(a: CudaArray<u64>) -> CudaArray<R> {
    match same(&a) {
        Some(a) => a.clone(),
        None => unreachable!("a kernel for 64 bits gives 64 bits"),
    }
}
