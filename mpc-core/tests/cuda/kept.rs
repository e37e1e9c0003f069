//! Limbs that are kept for operands that come again: on GPU 0, which has the tensor cores for them (compute capability 8.0).

use super::emulator::gpus;
use mpc_core::{
    backend::{Backend, Cpu, Cuda, Masked, cuda::Tuning},
    bilinear::Bilinear,
    rand::{Address, Prg, Purpose, Seed},
};

/// A layer of a served model: requests by weights, which are stored the other way round.
const MAP: Bilinear = Bilinear::MatMul { m: 20, k: 100, n: 70, ta: false, tb: true };
/// 128 lanes by 128 depths: of the opened weights, and of them less the share of their mask.
const LIMBS: u64 = 2 * 8 * 128 * 128;
const TUNED: Tuning = Tuning { limbs_from: 1, packed: 1 << 20 };

fn random<B: Backend>(backend: &B, op: u64, len: usize) -> B::Array<u64> {
    let at = Address { op, part: 0, purpose: Purpose::Mask };
    backend.random(&Seed::new(Prg::default(), &[5; 32]), at, 0..len)
}

/// One request; the mask's share is made again, as the protocol does.
fn request<B: Backend>(backend: &B, number: u64, weights: &B::Array<u64>, first: bool) -> Vec<u64> {
    let [m, l] = [0, 1].map(|i| backend.upload(backend.download(&random(backend, 10 * number + i, 2000))));
    let (mask, dealt) = (random(backend, 2, 7000), random(backend, 10 * number + 3, 1400));
    let step = Masked { opened: [&m, weights], masks: [&l, &mask], dealt: &dealt, first };
    backend.download(&backend.masked_bilinear(&MAP, step))
}

fn weights<B: Backend>(backend: &B) -> B::Array<u64> {
    backend.upload(backend.download(&random(backend, 1, 7000)))
}

#[test]
fn weights_that_come_again_are_kept_as_limbs_and_go_with_their_array() {
    let cpu = Cpu::default();
    for first in [true, false] {
        let gpu = Cuda::tuned(gpus().start, None, TUNED).unwrap();
        let (ours, theirs) = (weights(&gpu), weights(&cpu));
        for (number, kept, reused) in [(1, 0, 0), (2, LIMBS, 0), (3, LIMBS, 2), (4, LIMBS, 4)] {
            assert!(request(&gpu, number, &ours, first) == request(&cpu, number, &theirs, first), "request {number}");
            assert_eq!(gpu.kept(), (kept, reused), "after request {number}");
        }
        // Another mask is another operand: the opened weights alone are the same.
        let [m, l] = [7, 8].map(|op| random(&gpu, op, 2000));
        let (mask, dealt) = (random(&gpu, 9, 7000), random(&gpu, 6, 1400));
        let step = Masked { opened: [&m, &ours], masks: [&l, &mask], dealt: &dealt, first };
        gpu.masked_bilinear(&MAP, step);
        assert_eq!(gpu.kept(), (LIMBS, 5));
        drop((ours, m, l, mask, dealt));
        assert_eq!((gpu.kept().0, gpu.used()), (0, 0));
        gpu.check().unwrap();
    }
}

/// What is kept counts as memory that is taken, and makes room for what is needed.
#[test]
fn kept_limbs_go_first_when_memory_is_short() {
    let cpu = Cpu::default();
    let gpu = Cuda::tuned(gpus().start, Some(1_000_000), TUNED).unwrap();
    let (ours, theirs) = (weights(&gpu), weights(&cpu));
    for number in 1..4 {
        request(&gpu, number, &ours, true);
    }
    assert_eq!((gpu.kept().0, gpu.used()), (LIMBS, LIMBS + 8 * 7000));
    // Room for one of the two: that which was used last.
    let more = gpu.add_scalar(&gpu.fill(50_000, 1u64), 1);
    drop(more);
    assert_eq!(gpu.kept().0, LIMBS / 2);
    drop(gpu.add_scalar(&gpu.fill(58_000, 1u64), 1));
    assert_eq!((gpu.kept().0, gpu.used()), (0, 8 * 7000));
    for number in 4..8 {
        assert!(request(&gpu, number, &ours, true) == request(&cpu, number, &theirs, true), "request {number}");
    }
    assert_eq!(gpu.kept().0, LIMBS);
    gpu.check().unwrap();
}
