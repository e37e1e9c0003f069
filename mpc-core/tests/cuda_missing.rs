//! A program with CUDA on a machine without a driver. Alone in its process, which has one driver or none.

use mpc_core::{Device, DeviceError, Error, Result, Session, backend::cuda, sim::Sim};
use std::path::Path;

async fn program(s: Session) -> Result<f64> {
    s.public([1], &[1.5]).await.map(|x| x[0])
}

#[test]
fn without_a_driver_auto_is_the_processor_and_cuda_is_an_error() {
    assert!(cuda::use_library(Path::new("/nowhere/libcuda.so.1")));
    let sim = Sim::new(2);
    for answer in sim.clone().device(Device::Auto).run(program) {
        assert_eq!(answer.unwrap(), 1.5);
    }
    for answer in sim.device(Device::Cuda(None)).run(program) {
        let error = answer.unwrap_err();
        assert!(matches!(&error, Error::Device { problem: DeviceError::NoDriver(_), .. }), "{error}");
        assert!(error.to_string().contains("no CUDA driver on this machine (/nowhere/libcuda.so.1"), "{error}");
    }
    assert!(!cuda::use_library(Path::new("/elsewhere")), "the library was chosen");
}
