//! Convolutions. Of two secrets: 1 round, after the opening of x and of the weight (1 round, together; none for one that is
//! open already, as the weight is for every batch after the first).

use super::Tensor;
use crate::{
    ops::Conv,
    visibility::{Join, Visibility},
};

impl<V: Visibility> Tensor<V> {
    /// The convolution of `[n, c, h, w]` with a weight `[filters, c / groups, k, l]`: `[n, filters, ..]`.
    #[track_caller]
    pub fn conv2d<W: Visibility>(&self, weight: &Tensor<W>, options: &Conv) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.conv2d(&weight.handle, None, options).into()
    }

    /// The transposed convolution of `[n, c, h, w]` with a weight `[c, filters / groups, k, l]`: `[n, filters, ..]`.
    #[track_caller]
    pub fn conv_transpose2d<W: Visibility>(&self, weight: &Tensor<W>, options: &Conv) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.conv_transpose2d(&weight.handle, None, options).into()
    }

    /// The convolution of `[n, c, l]` with a weight `[filters, c / groups, k]`, by the columns' options.
    #[track_caller]
    pub fn conv1d<W: Visibility>(&self, weight: &Tensor<W>, options: &Conv) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.conv1d(&weight.handle, None, options).into()
    }

    /// The transposed convolution of `[n, c, l]` with a weight `[c, filters / groups, k]`, by the columns' options.
    #[track_caller]
    pub fn conv_transpose1d<W: Visibility>(&self, weight: &Tensor<W>, options: &Conv) -> Tensor<V::Out>
    where
        V: Join<W>,
    {
        self.handle.conv_transpose1d(&weight.handle, None, options).into()
    }

    /// [`Self::conv2d`] plus a bias `[filters]`: added before the rescale, for free.
    #[track_caller]
    pub fn conv2d_plus<W: Visibility, X: Visibility>(
        &self,
        weight: &Tensor<W>,
        bias: &Tensor<X>,
        options: &Conv,
    ) -> Tensor<<V::Out as Join<X>>::Out>
    where
        V: Join<W, Out: Join<X>>,
    {
        self.handle.conv2d(&weight.handle, Some(&bias.handle), options).into()
    }

    /// [`Self::conv_transpose2d`] plus a bias `[filters]`: added before the rescale, for free.
    #[track_caller]
    pub fn conv_transpose2d_plus<W: Visibility, X: Visibility>(
        &self,
        weight: &Tensor<W>,
        bias: &Tensor<X>,
        options: &Conv,
    ) -> Tensor<<V::Out as Join<X>>::Out>
    where
        V: Join<W, Out: Join<X>>,
    {
        self.handle.conv_transpose2d(&weight.handle, Some(&bias.handle), options).into()
    }
}
