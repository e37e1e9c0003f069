//! Products of matrices modulo 2^k: packed panels, blocks that stay in caches, and a tile kernel for each set of
//! instructions (one a file), chosen at run time. Blocking as in Goto and van de Geijn, Anatomy of High-Performance
//! Matrix Multiplication (ACM TOMS 2008).

#[cfg(any(test, all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocked;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod operand;
mod panels;
mod portable;
#[cfg(test)]
mod tests;
mod thin;

use crate::{level::Level, ring::Ring};
use kernel::Kernel;
pub(super) use operand::{Offsets, Operand};
pub(super) use panels::{Matrix, Side, pack};
use std::any::TypeId;

/// From so many ring multiplications on a product is split over threads.
pub(super) const PARALLEL: usize = 1 << 20;
/// Up to so many rows, or columns, are not packed.
const THIN: usize = 6;
/// Up to so many multiplications are not packed.
const SMALL: usize = 1 << 10;

/// A product of matrices, to be added to or subtracted from a result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term<'a, R> {
    /// `[m, k, n]`: the left factor is m x k, the right one k x n.
    pub(super) sizes: [usize; 3],
    pub(super) left: Operand<'a, R>,
    pub(super) right: Operand<'a, R>,
    /// Subtract.
    pub(super) negative: bool,
}

impl<R: Ring> Term<'_, R> {
    fn put(&self, to: &mut [R], found: &[R]) {
        let to = to.iter_mut().zip(found);
        match self.negative {
            false => to.for_each(|(to, &x)| *to = R::add(*to, x)),
            true => to.for_each(|(to, &x)| *to = R::sub(*to, x)),
        }
    }

    /// Adds it to `out`, m x n in rows.
    pub(super) fn add_to(&self, level: Level, out: &mut [R]) {
        let [m, k, n] = self.sizes;
        assert_eq!(out.len(), m * n, "a result of the size that the map says");
        if out.is_empty() || k == 0 {
            return;
        }
        match self.words(out) {
            Some((term, out)) => at_level(level, Product { term, out }),
            None => self.with(portable::Portable, out),
        }
    }

    /// The same term and result, if the ring is that of 64 bits: the other kernels are for it alone.
    fn words<'b>(&'b self, out: &'b mut [R]) -> Option<(Term<'b, u64>, &'b mut [u64])> {
        if TypeId::of::<R>() != TypeId::of::<u64>() {
            return None;
        }
        let operand = |from: &'b Operand<'_, R>| Operand {
            data: bytemuck::cast_slice(from.data),
            lanes: from.lanes,
            depths: from.depths,
            packed: from.packed.map(bytemuck::cast_slice),
        };
        let (left, right) = (operand(&self.left), operand(&self.right));
        let term = Term { sizes: self.sizes, left, right, negative: self.negative };
        Some((term, bytemuck::cast_slice_mut(out)))
    }

    fn with<K: Kernel<R>>(&self, kernel: K, out: &mut [R]) {
        let [m, k, n] = self.sizes;
        let work = m.saturating_mul(k).saturating_mul(n);
        let parallel = work >= PARALLEL && rayon::current_num_threads() > 1;
        if packs(self.sizes) {
            blocked::multiply(kernel, self, parallel, out);
        } else if m <= n {
            thin::multiply(kernel, self, parallel, out);
        } else {
            let mut columns = vec![R::ZERO; out.len()];
            let transposed = Self { sizes: [n, k, m], left: self.right, right: self.left, ..*self };
            thin::multiply(kernel, &transposed, parallel, &mut columns);
            for (j, column) in columns.chunks_exact(m).enumerate() {
                out[j..].iter_mut().step_by(n).zip(column).for_each(|(to, &x)| *to = R::add(*to, x));
            }
        }
    }
}

/// Whether the factors of a product of these sizes are packed.
pub(super) fn packs([m, k, n]: [usize; 3]) -> bool {
    m.min(n) > THIN && m.saturating_mul(k).saturating_mul(n) > SMALL
}

/// What is done with the kernel of a level.
trait Job {
    type Out;
    fn run<K: Kernel<u64>>(self, kernel: K) -> Self::Out;
}

struct Product<'a> {
    term: Term<'a, u64>,
    out: &'a mut [u64],
}

impl Job for Product<'_> {
    type Out = ();
    fn run<K: Kernel<u64>>(self, kernel: K) {
        self.term.with(kernel, self.out);
    }
}

/// With the instructions of this level, or of one below that the processor has.
#[cfg(target_arch = "x86_64")]
fn at_level<J: Job>(level: Level, job: J) -> J::Out {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if level == Level::Amx
        && let Some(tiles) = amx::tiles::Tiles::new()
    {
        return job.run(amx::Amx(tiles));
    }
    if level >= Level::Ifma
        && let Some(kernel) = ifma::Ifma::new()
    {
        job.run(kernel)
    } else if level >= Level::Avx512
        && let Some(kernel) = avx512::Avx512::new()
    {
        job.run(kernel)
    } else if level >= Level::Avx2
        && let Some(kernel) = avx2::Avx2::new()
    {
        job.run(kernel)
    } else {
        job.run(portable::Portable)
    }
}

/// With the instructions of this level, if the processor has them.
#[cfg(target_arch = "aarch64")]
fn at_level<J: Job>(level: Level, job: J) -> J::Out {
    match neon::Neon::new().filter(|_| level == Level::Neon) {
        Some(kernel) => job.run(kernel),
        None => job.run(portable::Portable),
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn at_level<J: Job>(_: Level, job: J) -> J::Out {
    job.run(portable::Portable)
}
