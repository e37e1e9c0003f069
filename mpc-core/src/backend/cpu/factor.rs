//! Factors of products, as the protocol has them and as kernels read them.

use super::{
    Cpu,
    array::{CpuArray, Identity},
    elementwise,
    gemm::{self, Matrix},
    kept::{self, Form},
};
use crate::ring::Ring;
use std::{any::Any, ops::Deref};

/// One array less another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<'a, R> {
    data: &'a CpuArray<R>,
    less: Option<&'a CpuArray<R>>,
    /// What its wire was opened as.
    opened: &'a CpuArray<R>,
}

/// A factor as a kernel reads it.
#[derive(Debug)]
pub(super) enum Ready<R> {
    Elements(CpuArray<R>),
    /// Elements that were kept, of a ring of 64 bits.
    Kept(CpuArray<u64>),
    /// Panels of each group, in such a ring.
    Panels(CpuArray<u64>),
}

impl<'a, R: Ring> Factor<'a, R> {
    pub(super) fn of(data: &'a CpuArray<R>) -> Self {
        Self { data, less: None, opened: data }
    }

    /// A wire that was opened, less this party's share of its mask.
    pub(super) fn less(opened: &'a CpuArray<R>, mask: &'a CpuArray<R>) -> Self {
        Self { data: opened, less: Some(mask).filter(|mask| !mask.is_zero()), opened }
    }

    /// This party's share of the mask of a wire.
    pub(super) fn mask(opened: &'a CpuArray<R>, mask: &'a CpuArray<R>) -> Self {
        Self { data: mask, less: None, opened }
    }

    pub(super) fn len(&self) -> usize {
        self.data.count()
    }

    pub(super) fn elements(&self, cpu: &Cpu) -> CpuArray<R> {
        match self.less {
            Some(less) => elementwise::zip(cpu.level, self.data, less, R::sub).into(),
            None => self.data.clone(),
        }
    }

    /// The same, if the ring is that of 64 bits.
    fn words(&self) -> Option<Factor<'a, u64>> {
        let words = |array: &'a CpuArray<R>| (array as &dyn Any).downcast_ref::<CpuArray<u64>>();
        let less = match self.less {
            Some(less) => Some(words(less)?),
            None => None,
        };
        Some(Factor { data: words(self.data)?, less, opened: words(self.opened)? })
    }

    /// As a kernel reads it that packs its factors if `packs`.
    pub(super) fn ready(&self, cpu: &Cpu, matrix: Matrix, packs: bool) -> Ready<R> {
        let kept = self.words().filter(|_| self.data.count() >= kept::SMALLEST).and_then(|words| {
            let array = words.kept(cpu, matrix, packs)?;
            Some(if packs { Ready::Panels(array) } else { Ready::Kept(array) })
        });
        kept.unwrap_or_else(|| Ready::Elements(self.elements(cpu)))
    }
}

impl Factor<'_, u64> {
    fn kept(&self, cpu: &Cpu, matrix: Matrix, packs: bool) -> Option<CpuArray<u64>> {
        let data = self.data.identity()?;
        let form = match (packs, &data, self.less) {
            (true, ..) => Form::Panels(matrix),
            // It lies there.
            (false, Identity::Stored(..), None) => return None,
            (false, ..) => Form::Elements,
        };
        let less = match self.less {
            Some(less) => Some(less.identity()?),
            None => None,
        };
        cpu.kept.find(self.opened.identity()?, [Some(data), less], form, self.data.count(), || {
            let elements = self.elements(cpu);
            match packs {
                true => gemm::pack(cpu.level, matrix, &elements),
                false => elements.to_vec().into(),
            }
        })
    }
}

impl<R: Ring> Ready<R> {
    /// The elements; nothing if there are panels instead.
    pub(super) fn elements(&self) -> &[R] {
        match self {
            Self::Elements(array) => array,
            Self::Kept(array) => bytemuck::cast_slice(array.deref()),
            Self::Panels(_) => &[],
        }
    }

    /// The panels, if it was packed.
    pub(super) fn panels(&self) -> Option<&[R]> {
        match self {
            Self::Panels(array) => Some(bytemuck::cast_slice(array.deref())),
            Self::Elements(_) | Self::Kept(_) => None,
        }
    }
}
