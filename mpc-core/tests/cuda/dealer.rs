//! A dealer on a GPU, for parties on processors.

use super::{common::*, emulator::gpus};
use mpc_comm::{InMemory, PartyId};
use mpc_core::{
    Device, DeviceError, Error, Result, Session, Settings, protocol::dealer::Served, run_dealer, run_party,
};
use std::{env, future::Future, thread};

async fn program(s: Session) -> Result<Vec<f64>> {
    of_size(s, 1200).await
}

/// Of a size, in which the dealer's arrays are counted.
async fn of_size(s: Session, len: usize) -> Result<Vec<f64>> {
    let x = alice(&s, [len], |i| i as f64 / 100.0 - 6.0);
    let y = bob(&s, [len], |i| 2.0 - i as f64 / 400.0);
    let z = (&x * &y).relu() + x.sigmoid();
    z.reveal().await.map(|z| z.iter().copied().collect())
}

/// What each of two parties got, and what the dealer did, within so many bytes of a GPU's memory for each party.
fn run<F: Future<Output = Result<Vec<f64>>>>(
    memory: Option<u64>,
    program: impl Fn(Session) -> F + Sync,
) -> (Vec<Result<Vec<f64>>>, Result<Served>) {
    let on_gpu =
        Settings { device: Some(Device::Cuda(Some(gpus().start))), device_memory: memory, ..Settings::default() };
    let on_cpu = Settings { device: Some(Device::Cpu), ..Settings::default() };
    let (meshes, dealer) = InMemory { dealer: true, ..InMemory::default() }.build();
    let dealer = dealer.expect("a dealer was asked for");
    assert_eq!(dealer.me(), PartyId::DEALER);
    thread::scope(|scope| {
        let served = scope.spawn(|| run_dealer(dealer, &on_gpu));
        let parties: Vec<_> =
            meshes.into_iter().map(|mesh| scope.spawn(|| run_party(mesh, &on_cpu, &program))).collect();
        let found = parties.into_iter().map(|party| party.join().unwrap()).collect();
        (found, served.join().unwrap())
    })
}

#[test]
fn parties_on_processors_take_what_a_gpu_deals() {
    let (found, served) = run(Some(1 << 28), program);
    let expected = |i: usize| {
        let (x, y) = (i as f64 / 100.0 - 6.0, 2.0 - i as f64 / 400.0);
        (x * y).max(0.0) + 1.0 / (1.0 + (-x).exp())
    };
    for found in found {
        let off = found.unwrap().iter().enumerate().map(|(i, z)| (z - expected(i)).abs()).fold(0.0, f64::max);
        assert!(off < 2e-3, "{off}");
    }
    assert!(served.unwrap().bytes > 0);
}

/// The parties hear from the dealer why it cannot go on, all of them, and not that it is gone.
fn all_hear(found: Vec<Result<Vec<f64>>>, why: &str) {
    for found in found {
        let error = found.unwrap_err();
        let Error::Aborted { by: PartyId::DEALER, cause, .. } = &error else { panic!("{error}") };
        assert!(cause.contains(why), "{error}");
    }
}

#[test]
fn a_dealer_that_runs_out_of_memory_says_so_to_all() {
    let (found, served) = run(Some(30_000), program);
    let error = served.unwrap_err();
    assert!(matches!(error, Error::Device { problem: DeviceError::Memory { .. }, .. }), "{error}");
    all_hear(found, "out of memory");
}

/// Of the emulator, which has lost its GPU as soon as there is an array of so many elements: driver.cpp.
const LOST: usize = 7919;

#[test]
fn a_dealer_whose_gpu_is_lost_says_so_to_all() {
    if env::var_os("MPC_TEST_GPU").is_some() {
        return;
    }
    let (found, served) = run(None, |s| of_size(s, LOST));
    let error = served.unwrap_err();
    assert!(matches!(error, Error::Device { problem: DeviceError::Driver { code: 719, .. }, .. }), "{error}");
    all_hear(found, "a GPU is lost (code 719)");
}
