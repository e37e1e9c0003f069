//! What goes wrong is a typed error, and never a wrong number.

use super::emulator::gpus;
use mpc_core::{
    Error,
    backend::{Backend, Cuda},
    error::DeviceError,
};

#[test]
fn a_gpu_that_is_not_there_is_named() {
    let count = gpus().end;
    let error = Cuda::new(count, None).unwrap_err();
    let Error::Device { problem: DeviceError::NoGpu { index, found }, .. } = &error else { panic!("{error}") };
    assert_eq!((*index, *found), (count, count));
    assert!(error.to_string().contains("counted from 0") || count == 1, "{error}");
}

#[test]
fn a_limit_of_memory_is_kept_and_what_is_freed_can_be_taken_again() {
    let gpu = Cuda::new(gpus().start, Some(1 << 20)).unwrap();
    for _ in 0..5 {
        let half = gpu.upload(vec![1u64; 1 << 16]);
        assert_eq!((gpu.len(&half), gpu.used()), (1 << 16, 1 << 19));
    }
    assert_eq!(gpu.used(), 0);
    gpu.check().unwrap();
    let half = gpu.upload(vec![1u64; 1 << 16]);
    let more = gpu.upload(vec![1u64; (1 << 16) + 1]);
    let error = gpu.check().unwrap_err();
    let Error::Device { problem: DeviceError::Memory { wanted, used, limit }, .. } = &error else { panic!("{error}") };
    assert_eq!((*wanted, *used, *limit), ((1 << 19) + 8, 1 << 19, Some(1 << 20)));
    // Nothing runs any more, and nothing is read.
    assert_eq!(gpu.download(&gpu.add(&half, &half)), vec![0; 1 << 16]);
    assert_eq!(gpu.len(&more), (1 << 16) + 1);
    drop((half, more));
    assert_eq!(gpu.used(), 0);
}

#[test]
fn memory_that_is_not_there_is_an_error() {
    let gpu = Cuda::new(gpus().start, None).unwrap();
    // A constant takes memory when it is first read.
    let much = gpu.fill(1 << 42, 1u64);
    gpu.check().unwrap();
    drop(gpu.not(&much));
    let error = gpu.check().unwrap_err();
    assert!(matches!(error, Error::Device { problem: DeviceError::Memory { limit: None, .. }, .. }), "{error}");
    assert!(error.to_string().contains("35184 GB more are needed"), "{error}");
}
