//! What leaves a GPU while it computes. The emulator does everything as late as it may, and on its second GPU copies as early as
//! they may: what is not waited for shows.

use super::emulator::gpus;
use mpc_core::{
    DeviceError, Error,
    backend::{Backend, Cuda, Payload},
};

fn words(payload: &Payload) -> Vec<u64> {
    payload.arrived().unwrap().unwrap().to_vec()
}

#[test]
fn what_is_sent_is_what_it_was_whatever_comes_after() {
    for index in gpus() {
        let gpu = Cuda::new(index, None).unwrap();
        let start = gpu.upload((0..1000u64).collect());
        let mut sent = Vec::new();
        let mut a = start.clone();
        for _ in 0..20 {
            a = gpu.add(&a, &start);
            sent.push(gpu.to_wire(&a));
        }
        for (number, payload) in sent.iter().enumerate().rev() {
            assert_eq!(
                words(payload),
                (0..1000).map(|i| i * (number as u64 + 2)).collect::<Vec<_>>(),
                "{number} on {gpu:?}"
            );
        }
        // Pinned memory is used again.
        let again = gpu.to_wire(&start);
        drop(sent);
        assert_eq!((words(&again)[7], words(&again)[7]), (7, 7));
        gpu.check().unwrap();
    }
}

/// The memory of what nobody waits for is not freed before the copy has read it, and its pinned memory not used before.
#[test]
fn what_is_dropped_on_its_way_does_no_harm() {
    for index in gpus() {
        let gpu = Cuda::new(index, None).unwrap();
        let used = gpu.used();
        for number in 0..5u64 {
            let a = gpu.add_scalar(&gpu.upload(vec![number; 700]), 1);
            drop((gpu.to_wire(&a), a));
            // Waits for the kernels, and so for what was freed among them, but for no copy of the other stream.
            let b = gpu.add_scalar(&gpu.upload(vec![number; 700]), 2);
            assert_eq!(gpu.download(&b), vec![number + 2; 700]);
            let payload = gpu.to_wire(&b);
            drop(b);
            let c = gpu.add_scalar(&gpu.upload(vec![number; 700]), 3);
            assert_eq!(gpu.download(&c), vec![number + 3; 700]);
            assert_eq!(words(&payload), vec![number + 2; 700]);
        }
        assert_eq!(gpu.used(), used);
        gpu.check().unwrap();
    }
}

#[test]
fn nothing_arrives_after_a_failure() {
    let gpu = Cuda::new(gpus().start, Some(100_000)).unwrap();
    let payload = gpu.to_wire(&gpu.upload(vec![1u64; 1000]));
    drop(gpu.upload(vec![1u64; 100_000]));
    let error = payload.arrived().unwrap_err();
    assert!(matches!(error, Error::Device { problem: DeviceError::Memory { .. }, .. }), "{error}");
}
