//! Reading: awaiting a tensor that may be read runs what is recorded. A [`Secret`](crate::Secret) cannot be awaited.

use super::{Bit, Number, Tensor};
use crate::{
    error::{Error, Result},
    op::Handle,
    visibility::{Party, Private, Public},
};
use ndarray::{ArrayD, IxDyn};
use std::pin::Pin;

type Reading<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// Elements that can be read: [`Number`] as `f64`, [`Bit`] as `bool`.
pub trait Readable: sealed::Sealed + 'static {}

mod sealed {
    pub trait Sealed {
        type Plain: 'static;
        fn plain(x: f64) -> Self::Plain;
    }
}

impl sealed::Sealed for Number {
    type Plain = f64;
    fn plain(x: f64) -> f64 {
        x
    }
}
impl sealed::Sealed for Bit {
    type Plain = bool;
    fn plain(x: f64) -> bool {
        x != 0.0
    }
}
impl Readable for Number {}
impl Readable for Bit {}

async fn read<K: Readable>(handle: Handle) -> Result<Option<ArrayD<K::Plain>>> {
    let Some(values) = handle.read().await? else { return Ok(None) };
    let array = ArrayD::from_shape_vec(IxDyn(handle.shape().dims()), values.into_iter().map(K::plain).collect());
    array.map(Some).map_err(Error::program)
}

/// Awaiting a public tensor reads it.
impl<K: Readable> IntoFuture for Tensor<Public, K> {
    type Output = Result<ArrayD<K::Plain>>;
    type IntoFuture = Reading<ArrayD<K::Plain>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { read::<K>(self.handle).await?.ok_or(Error::Stalled) })
    }
}

/// Awaiting a private tensor reads it at its owner and gives nothing at the others.
impl<P: Party, K: Readable> IntoFuture for Tensor<Private<P>, K> {
    type Output = Result<Option<ArrayD<K::Plain>>>;
    type IntoFuture = Reading<Option<ArrayD<K::Plain>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(read::<K>(self.handle))
    }
}

impl Tensor<Public> {
    /// Reads the only element.
    ///
    /// # Errors
    /// [`Error::Program`] if there is not exactly one; whatever stopped the session.
    pub async fn item(self) -> Result<f64> {
        let values = self.await?;
        match values.iter().copied().collect::<Vec<_>>()[..] {
            [item] => Ok(item),
            _ => Err(Error::program(format!("`item` reads one number, and there are {}", values.len()))),
        }
    }
}
