//! Reading: awaiting a tensor that may be read runs what is recorded. A [`Secret`](crate::Secret) cannot be awaited.

use super::Tensor;
use crate::{
    error::{Error, Result},
    op::Handle,
    visibility::{Party, Private, Public},
};
use ndarray::{ArrayD, IxDyn};
use std::pin::Pin;

type Reading<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

async fn read(handle: Handle) -> Result<Option<ArrayD<f64>>> {
    let Some(values) = handle.read().await? else { return Ok(None) };
    let array = ArrayD::from_shape_vec(IxDyn(handle.shape().dims()), values);
    array.map(Some).map_err(Error::program)
}

/// Awaiting a public tensor reads it.
impl IntoFuture for Tensor<Public> {
    type Output = Result<ArrayD<f64>>;
    type IntoFuture = Reading<ArrayD<f64>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { read(self.handle).await?.ok_or(Error::Stalled) })
    }
}

/// Awaiting a private tensor reads it at its owner and gives nothing at the others.
impl<P: Party> IntoFuture for Tensor<Private<P>> {
    type Output = Result<Option<ArrayD<f64>>>;
    type IntoFuture = Reading<Option<ArrayD<f64>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(read(self.handle))
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
