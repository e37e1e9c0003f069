//! The maps that are linear in one argument, or in each of two, and how they change shapes. Linear maps act on shares
//! without communication; one protocol serves every bilinear map, forward and backward.

use crate::{
    along::{Along, Pick},
    conv::{Geometry, Third},
    shape::View,
};
use serde::{Deserialize, Serialize};

/// A linear map of flat row-major data.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Linear {
    /// Rearranges: see [`View`].
    View(View),
    /// The transpose of a view: zeros of the given length, to which element k is added where the view reads its k-th.
    /// Sums over axes are transposes of repetitions.
    Scatter(View, usize),
    /// Picks along an axis by public index: see [`Pick`].
    Pick(Pick),
    /// The transpose of a pick: adds up.
    Unpick(Pick),
    /// Running sums along an axis, from its start, or from its end if the flag is set (the transpose).
    RunningSum(Along, bool),
    /// `-x`.
    Neg,
    /// `c * x` for an integer `c` (as a ring element's low 64 bits, sign-extended).
    Times(i64),
}

impl Linear {
    /// How many elements come of `len`.
    pub fn len(&self, len: usize) -> usize {
        match self {
            Self::View(view) => view.len(),
            Self::Scatter(_, out) => *out,
            Self::Pick(pick) => pick.out_len(),
            Self::Unpick(pick) => pick.in_len(),
            Self::Neg | Self::Times(_) | Self::RunningSum(..) => len,
        }
    }
}

/// A map that is linear in each of two arguments. Closed under gradients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Bilinear {
    /// Element by element.
    Mul {
        /// How many elements.
        len: usize,
    },
    /// The product of `a` (m x k) and `b` (k x n).
    MatMul {
        /// Rows of the result.
        m: usize,
        /// Length of the dot products.
        k: usize,
        /// Columns of the result.
        n: usize,
        /// `a` is stored as k x m.
        ta: bool,
        /// `b` is stored as n x k.
        tb: bool,
    },
    /// As many matrix products as `batch` says, of matrices that lie one after the other.
    BatchMatMul {
        /// How many.
        batch: usize,
        /// Rows of each result.
        m: usize,
        /// Length of the dot products.
        k: usize,
        /// Columns of each result.
        n: usize,
        /// Each `a` is stored as k x m.
        ta: bool,
        /// Each `b` is stored as n x k.
        tb: bool,
    },
    /// Two arguments of a convolution make the third: (x, w), (y, w) or (x, y).
    Conv {
        /// Which.
        third: Third,
        /// The sizes.
        geometry: Geometry,
    },
}

impl Bilinear {
    /// Elements of the first argument, the second, and the result. Nothing if a count overflows.
    pub fn lens(&self) -> Option<(usize, usize, usize)> {
        match *self {
            Self::Mul { len } => Some((len, len, len)),
            Self::MatMul { m, k, n, .. } => Some((m.checked_mul(k)?, k.checked_mul(n)?, m.checked_mul(n)?)),
            Self::BatchMatMul { batch, m, k, n, .. } => {
                let times = |rows: usize, cols: usize| batch.checked_mul(rows)?.checked_mul(cols);
                Some((times(m, k)?, times(k, n)?, times(m, n)?))
            }
            Self::Conv { third, geometry } => {
                let (x, w, y) = geometry.lens()?;
                Some(match third {
                    Third::Output => (x, w, y),
                    Third::Input => (y, w, x),
                    Third::Weight => (x, y, w),
                })
            }
        }
    }

    /// Elements of the result.
    pub fn out_len(&self) -> usize {
        match *self {
            Self::Mul { len } => len,
            Self::MatMul { m, n, .. } => m * n,
            Self::BatchMatMul { batch, m, n, .. } => batch * m * n,
            Self::Conv { .. } => self.lens().map_or(0, |(_, _, out)| out),
        }
    }

    /// Ring multiplications.
    pub fn work(&self) -> usize {
        match *self {
            Self::Mul { len } => len,
            Self::MatMul { m, k, n, .. } => m * k * n,
            Self::BatchMatMul { batch, m, k, n, .. } => batch * m * k * n,
            Self::Conv { geometry, .. } => geometry.work(),
        }
    }
}
