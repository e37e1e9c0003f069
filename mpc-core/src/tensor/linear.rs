//! Products of many elements. Costs for secrets: one opening of each operand (none if it is open already), then 1 round.

use super::Tensor;
use crate::visibility::{Join, Visibility};

impl<V: Visibility> Tensor<V> {
    /// The sum of the products of two vectors: a scalar.
    #[track_caller]
    pub fn dot<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.dot(&other.handle).into()
    }

    /// Each element of a vector times each of another: `[m, n]`.
    #[track_caller]
    pub fn outer<W: Visibility>(&self, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.outer(&other.handle).into()
    }

    /// The axes of this tensor by letters, like `"bij->bji"` or `"ii->"`: permutes, sums, takes diagonals. Free.
    #[track_caller]
    pub fn einsum(&self, spec: &str) -> Self {
        self.handle.einsum(spec, &[]).into()
    }

    /// The sum of products that a specification like `"bij,bjk->bik"` names.
    #[track_caller]
    pub fn einsum_with<W: Visibility>(&self, spec: &str, other: &Tensor<W>) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.einsum(spec, &[&other.handle]).into()
    }

    /// The sum of products of three or more tensors, like `"bi,ij,bj->b"`: two at a time from the left, each product at the
    /// cost of one. Between other visibilities, [`Self::einsum_with`] one after the other.
    #[track_caller]
    pub fn einsum_all(&self, spec: &str, others: &[&Self]) -> Self {
        let others: Vec<_> = others.iter().map(|other| &other.handle).collect();
        self.handle.einsum(spec, &others).into()
    }

    /// `c0 + c1 x + c2 x^2 + ..` for public coefficients, lowest first. 2 rounds for each doubling of the degree, and
    /// 1; one less if x is open.
    #[track_caller]
    pub fn polynomial(&self, coefficients: &[f64]) -> Self {
        self.handle.polynomial(coefficients).into()
    }

    /// `x * x`: one opening, 1 round.
    #[track_caller]
    pub fn square(&self) -> Self {
        self.handle.square().into()
    }

    /// x to a whole power. 2 rounds for each doubling: 4 for the powers 3 and 4, 6 up to 8.
    #[track_caller]
    pub fn powi(&self, power: u32) -> Self {
        self.handle.powi(power).into()
    }

    /// The product along an axis, which disappears. 2 rounds for each halving.
    #[track_caller]
    pub fn prod(&self, axis: usize) -> Self {
        self.handle.prod(axis).into()
    }
}
