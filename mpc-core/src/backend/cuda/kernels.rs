//! The arguments of the kernels in mpc-core/cuda/kernels, member by member. An address is that of an array of this GPU, or 0
//! where the kernel does not look.

#![allow(unsafe_code, reason = "a promise about what is laid out alike in two languages")]

use std::ffi::CStr;

/// The arguments of a kernel.
///
/// # Safety
/// The struct is laid out like the one that the kernel of this name takes. The emulator compares the sizes.
pub(super) unsafe trait Kernel: Copy {
    const NAME: &'static CStr;
}

macro_rules! kernels {
    ($($(#[$doc:meta])* $name:ident = $kernel:literal { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug)]
        pub(super) struct $name {
            $(pub(super) $field: $type,)*
        }
        // SAFETY: the same members in the same order, all of 8 bytes or arrays of 4 and 8.
        unsafe impl Kernel for $name {
            const NAME: &'static CStr = $kernel;
        }
    )*};
}

/// How `Map` and `Zip` compute: the enums of elements.cuh.
pub(super) mod how {
    pub(in super::super) const ADD: u64 = 0;
    pub(in super::super) const TIMES: u64 = 1;
    pub(in super::super) const NOT: u64 = 2;
    pub(in super::super) const ROUND_SHIFT: u64 = 3;
    pub(in super::super) const SHIFTED: u64 = 4;
    pub(in super::super) const SUB: u64 = 1;
    pub(in super::super) const MUL: u64 = 2;
    pub(in super::super) const AND: u64 = 3;
    pub(in super::super) const XOR: u64 = 4;
    /// `Random` only: [`ADD`] for numbers of 128 bits.
    pub(in super::super) const ADD_WIDE: u64 = 5;
}

/// How `Random` writes: over what is there, or added to it by [`how::ADD`], [`how::ADD_WIDE`] or [`how::XOR`].
pub(super) const OVER: u64 = u64::MAX;

/// Axes of a [`Strided`].
pub(super) const MOST_AXES: usize = 8;

/// `View` of layout.cuh.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strided {
    pub(super) offset: u64,
    pub(super) axes: u64,
    pub(super) sizes: [u64; MOST_AXES],
    pub(super) strides: [i64; MOST_AXES],
}

/// `Operand` of gemm.cuh.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) data: [u64; 2],
    pub(super) less: [u64; 2],
    pub(super) kind: Kind,
    pub(super) strides: [u64; 3],
}

/// What an operand's lanes and depths are: the enum of gemm.cuh.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Matrix,
    Patches,
    PatchesAcross,
    Pixels,
    WeightsAcross,
    Spread,
}

/// `Geometry` of gemm.cuh.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) counts: [u64; 4],
    pub(super) input: [u64; 2],
    pub(super) kernel: [u64; 2],
    pub(super) output: [u64; 2],
    pub(super) stride: [u64; 2],
    pub(super) padding: [u64; 2],
    pub(super) dilation: [u64; 2],
}

/// `Result` of gemm.cuh.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Target {
    pub(super) data: u64,
    pub(super) base: u64,
    pub(super) batch: u64,
    pub(super) row: u64,
    pub(super) outer: u64,
    pub(super) inner: u64,
    pub(super) fresh: u64,
    pub(super) shared: u64,
}

kernels! {
    Fill = c"mpc_fill" { threads: u64, out: u64, value: u64 }
    Map = c"mpc_map" { threads: u64, a: u64, out: u64, how: u64, c: u64 }
    Zip = c"mpc_zip" { threads: u64, a: u64, b: u64, out: u64, how: u64 }
    MaskedProduct = c"mpc_masked_product" { threads: u64, opened: [u64; 2], masks: [u64; 2], dealt: u64, out: u64, first: u64 }
    Choose = c"mpc_choose" { threads: u64, bits: u64, a: u64, b: u64, out: u64, flip: u64 }
    Spread = c"mpc_spread" { threads: u64, bits: u64, out: u64 }
    Pack = c"mpc_pack" { threads: u64, a: u64, out: u64, len: u64, top: u64 }
    TruncateByBit = c"mpc_truncate_by_bit" {
        threads: u64, z: u64, opened: [u64; 2], mask: u64, products: u64, out: u64, bits: u64, first: u64,
    }
    TruncateOpened = c"mpc_truncate_opened" {
        threads: u64, m: u64, high: u64, sign: u64, out: u64, bits: u64, first: u64,
    }
    TruncatedProduct = c"mpc_truncated_product" {
        threads: u64, m: u64, beta: u64, high: u64, sign: u64, out: u64, bits: u64,
    }
    Combine = c"mpc_series" {
        threads: u64, m: u64, waves: u64, out: u64, sines: u64, cosines: u64, count: u64, bits: u64, constant: u64,
    }
    Waves = c"mpc_waves" { threads: u64, masks: u64, others: u64, out: u64, count: u64, bits: u64 }
    Exponential = c"mpc_exponential" {
        threads: u64, m: u64, decays: u64, out: u64, constants: [f64; 2], unit: f64, start: u64, log2: u64, carry: [u64; 2],
    }
    Decays = c"mpc_decays" { threads: u64, masks: u64, others: u64, out: u64, unit: f64, log2: u64 }
    Tables = c"mpc_tables" { threads: u64, masks: u64, others: u64, out: u64, less: u64 }
    AllOf = c"mpc_all_of" { threads: u64, masks: u64, out: u64, sets: u64, width: u64 }
    Gather = c"mpc_view" { threads: u64, a: u64, out: u64, view: Strided }
    Scatter = c"mpc_scatter" {
        threads: u64, a: u64, out: u64, kept: Strided, kept_source: Strided, summed: Strided,
        kept_len: u64, summed_len: u64, run: u64,
    }
    Place = c"mpc_place" { threads: u64, a: u64, out: u64, run: u64, width: u64 }
    Picked = c"mpc_pick" {
        threads: u64, a: u64, out: u64, index: u64, count: u64, size: u64, inner: u64, back: u64,
    }
    RunningSum = c"mpc_running_sum" { threads: u64, a: u64, out: u64, size: u64, inner: u64, backwards: u64 }
    GatherBits = c"mpc_view_bits" { threads: u64, bits: u64, out: u64, len: u64, view: Strided }
    Random = c"mpc_random" { threads: u64, out: u64, stream: u64, first: u64, len: u64, how: u64, key: [u32; 8] }
    RandomAes = c"mpc_random_aes" {
        threads: u64, out: u64, stream: u64, first: u64, len: u64, how: u64, key: [u32; 120],
    }
    Nibbles = c"mpc_nibbles" { threads: u64, c: u64, tables: u64, out: u64, len: u64, width: u64, less: u64 }
    Blocks = c"mpc_blocks" {
        threads: u64, m: u64, tables: u64, out: u64, blocks: u64, len: u64, width: u64, count: u64,
    }
    Borrows = c"mpc_borrows" { threads: u64, m: u64, out: u64, cuts: u64, len: u64, width: u64, count: u64 }
    Gates = c"mpc_gates" {
        threads: u64, leaves: u64, opened: u64, masks: u64, monomials: u64, out: u64, program: u64, width: u64, first: u64,
    }
    Product = c"mpc_product" {
        left: Operand, right: Operand, shape: Shape, result: Target, rows: u64, columns: u64, depth: u64, parts: u64,
        products: u64,
    }
    Limbs = c"mpc_limbs" {
        threads: u64, from: Operand, shape: Shape, out: u64, batch: u64, lane: u64, depth: u64, lanes: u64, depths: u64,
        tiles: u64, steps: u64,
    }
    LimbProduct = c"mpc_limb_product" {
        left: [u64; 2], right: [u64; 2], result: Target, batch: u64, row: u64, column: u64, rows: u64, columns: u64,
        left_tiles: u64, right_tiles: u64, steps: u64, parts: u64, products: u64,
    }
}
