//! A dealer on a GPU, for parties on processors.

use super::{common::*, emulator::gpus};
use mpc_comm::{InMemory, PartyId};
use mpc_core::{
    Device, DeviceError, Error, Result, Session, Settings, protocol::dealer::Served, run_dealer, run_party,
};
use std::thread;

async fn program(s: Session) -> Result<Vec<f64>> {
    let x = alice(&s, [3, 400], |i| i as f64 / 100.0 - 6.0);
    let y = bob(&s, [3, 400], |i| 2.0 - i as f64 / 400.0);
    let z = (&x * &y).relu() + x.sigmoid();
    z.reshape([1200]).reveal().await.map(|z| z.iter().copied().collect())
}

/// What each of two parties got, and what the dealer did, within so many bytes of a GPU's memory for each party.
fn run(memory: u64) -> (Vec<Result<Vec<f64>>>, Result<Served>) {
    let on_gpu =
        Settings { device: Some(Device::Cuda(Some(gpus().start))), device_memory: Some(memory), ..Settings::default() };
    let on_cpu = Settings { device: Some(Device::Cpu), ..Settings::default() };
    let (meshes, dealer) = InMemory { dealer: true, ..InMemory::default() }.build();
    let dealer = dealer.expect("a dealer was asked for");
    assert_eq!(dealer.me(), PartyId::DEALER);
    thread::scope(|scope| {
        let served = scope.spawn(|| run_dealer(dealer, &on_gpu));
        let parties: Vec<_> =
            meshes.into_iter().map(|mesh| scope.spawn(|| run_party(mesh, &on_cpu, program))).collect();
        let found = parties.into_iter().map(|party| party.join().unwrap()).collect();
        (found, served.join().unwrap())
    })
}

#[test]
fn parties_on_processors_take_what_a_gpu_deals() {
    let (found, served) = run(1 << 28);
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

/// The dealer says why; the parties hear that it is gone.
#[test]
fn a_dealer_that_runs_out_of_memory_ends_the_session() {
    let (found, served) = run(30_000);
    let error = served.unwrap_err();
    assert!(matches!(error, Error::Device { problem: DeviceError::Memory { .. }, .. }), "{error}");
    for found in found {
        let error = found.unwrap_err();
        assert!(matches!(error, Error::Peer { .. } | Error::Aborted { .. }), "{error}");
    }
}
