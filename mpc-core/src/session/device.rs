//! Where a party computes.

#[cfg(not(feature = "cuda"))]
use crate::error::{DeviceError, Error};
use crate::{
    error::Result,
    settings::{Device, Settings},
};

/// The GPU on which party `me` computes, if it is one.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) if it cannot be used and there is no other choice; [`Error::Setting`](crate::Error::Setting) for a wrong `MPC_DEVICE`.
pub(super) fn gpu(settings: &Settings, me: usize) -> Result<Option<Gpu>> {
    match settings.device()? {
        Device::Cpu => Ok(None),
        Device::Cuda(index) => open(index, me, settings.device_memory).map(Some),
        Device::Auto => Ok(open(None, me, settings.device_memory)
            .inspect_err(|problem| tracing::warn!("computing on the processor: {problem}"))
            .ok()),
    }
}

#[cfg(feature = "cuda")]
pub(super) use crate::backend::Cuda as Gpu;

#[cfg(feature = "cuda")]
pub(super) fn open(index: Option<usize>, me: usize, limit: Option<u64>) -> Result<Gpu> {
    let index = match (index, crate::backend::cuda::count()?) {
        (Some(index), _) => index,
        (None, 0) => 0,
        (None, count) => me % count,
    };
    Gpu::new(index, limit)
}

/// What none is without the feature `cuda`.
#[cfg(not(feature = "cuda"))]
pub(super) type Gpu = crate::backend::Cpu;

#[cfg(not(feature = "cuda"))]
pub(super) fn open(_: Option<usize>, _: usize, _: Option<u64>) -> Result<Gpu> {
    Err(Error::Device { device: "CUDA".to_owned(), problem: DeviceError::NotBuilt })
}
