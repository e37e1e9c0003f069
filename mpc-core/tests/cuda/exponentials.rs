//! Exponentials: what a dealer makes of masks on a GPU, what travels, and what parties make of it, against the processor.

use super::emulator::gpus;
use mpc_core::{
    backend::{Add, Backend, Cpu, Cuda, Deals, Exponential, Payload, exponential::Window},
    rand::{Address, Prg, Purpose, Seed},
    ring::Ring,
};

const AT: Address = Address { op: 12, part: 1, purpose: Purpose::Decays };

fn word(i: u64) -> u64 {
    let i = i.wrapping_add(11).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (i ^ i >> 29).wrapping_mul(0xD134_2543_DE82_EF95).rotate_left(23)
}

/// Of numbers and of softmax, at several precisions; the last has a window of some digits only.
fn plans() -> Vec<Exponential> {
    let plan = |to, start, log2, from| Exponential { to, start, window: Window { log2, from } };
    vec![
        plan(16, -726_817, 21, 16),
        plan(26, -1_362_782, 21, 16),
        plan(24, -302_386_548, 29, 24),
        plan(10, -7_098, 15, 10),
        plan(20, -5_000_000, 22, 20),
        plan(16, -5, 0, 16),
    ]
}

/// Numbers of the window and masks, every pair: at the edges of both halves and of the ring, and between.
fn pairs(e: &Exponential) -> (Vec<u64>, Vec<u64>) {
    let width = 1u64 << e.window.log2;
    let edges = [0, 1, width / 2, width - 1, width, width + 1, 2 * width - 1, u64::MAX, 1 << 63, (1 << 63) - 1];
    let masks: Vec<u64> = edges.into_iter().chain((0..20).map(word)).collect();
    let offsets = [0, 1, width / 3, width.saturating_sub(2), width - 1].into_iter();
    let offsets =
        offsets.chain((0..15).map(|i| word(i + 70))).map(|offset| (e.start as u64).wrapping_add(offset % width));
    offsets.flat_map(|x| masks.iter().map(move |&mask| (x, mask))).unzip()
}

fn seeds(parties: usize) -> Vec<Seed> {
    (0..parties).map(|party| Seed::new(Prg::ALL[party % 2], &[party as u8 + 1; 32])).collect()
}

/// What the dealer sends to party `receiver`, whose share it corrects.
fn correction<B: Deals>(backend: &B, e: &Exponential, masks: &[u64], receiver: usize, parties: usize) -> Payload {
    let others: Vec<Seed> =
        seeds(parties).into_iter().enumerate().filter(|(party, _)| *party != receiver).map(|(_, seed)| seed).collect();
    let others = backend.total::<u128>(&others.into(), AT, 0..2 * masks.len(), Add::Sum);
    let sent = backend.to_wire(&backend.decays(e.window, &backend.upload(masks.to_vec()), &others));
    // As if it had been sent: not this backend's own array.
    Payload::Words(sent.arrived().unwrap().unwrap())
}

/// The shares of all parties.
fn shares<B: Deals>(backend: &B, e: &Exponential, x: &[u64], masks: &[u64], parties: usize) -> Vec<Vec<u64>> {
    let receiver = e.start.unsigned_abs() as usize % parties;
    let m = backend.upload(x.iter().zip(masks).map(|(x, mask)| x.wrapping_add(*mask)).collect());
    let correction = correction(backend, e, masks, receiver, parties);
    let of = |(party, seed): (usize, Seed)| {
        let decays = match party == receiver {
            true => backend.sum_wire(std::slice::from_ref(&correction), 2 * masks.len()),
            false => backend.random::<u128>(&seed, AT, 0..2 * masks.len()),
        };
        let carry = if party == 0 { (parties as u128) << 63 } else { 0 };
        backend.download(&backend.exponential(e, &m, &decays, carry))
    };
    seeds(parties).into_iter().enumerate().map(of).collect()
}

#[test]
fn shares_are_those_of_the_processor_and_add_up_to_the_exponential() {
    let cpu = Cpu::default();
    for e in plans() {
        let (x, masks) = pairs(&e);
        for parties in [2, 3, 5] {
            let expected = shares(&cpu, &e, &x, &masks, parties);
            for gpu in gpus().map(|index| Cuda::new(index, None).unwrap()) {
                let found = shares(&gpu, &e, &x, &masks, parties);
                gpu.check().unwrap();
                assert!(found == expected, "{e:?} of {parties} parties on {gpu:?}");
            }
            for (i, x) in x.iter().enumerate() {
                let sum = expected.iter().fold(0u64, |sum, share| sum.wrapping_add(share[i]));
                let exact = (*x as i64 as f64 * 0.5f64.powi(e.window.from as i32)).exp() * 2f64.powi(e.to as i32);
                let (off, claim) = (sum as i64 as f64 - exact, (parties as f64 + 1.0) / 2.0 + exact * 0.5f64.powi(18));
                assert!(off.abs() <= claim, "{e:?} of {parties} parties, {} under {:#x}: {off}", *x as i64, masks[i]);
            }
        }
    }
}

/// Of any numbers, with any carry, and of any length.
fn results<B: Deals, R: Ring>(backend: &B, e: &Exponential, len: usize) -> [Vec<u128>; 2] {
    let numbers = (0..len as u64).map(|i| R::from_i128((u128::from(word(i)) << 64 | u128::from(word(i + 9))) as i128));
    let (numbers, seed) = (backend.upload(numbers.collect()), Seed::new(Prg::ChaCha20, &[9; 32]));
    let others = backend.random::<u128>(&seed, AT, 3..3 + 2 * len);
    let decays = backend.decays::<R>(e.window, &numbers, &others);
    let shares = backend.exponential::<R>(e, &numbers, &decays, u128::MAX - 77);
    [backend.download(&decays), backend.download(&shares).into_iter().map(|x| R::to_i128(x) as u128).collect()]
}

#[test]
fn every_length_and_every_ring_agree() {
    let (cpu, e) = (Cpu::default(), plans()[0]);
    for gpu in gpus().map(|index| Cuda::new(index, None).unwrap()) {
        for len in [0, 1, 31, 64, 257, 5000] {
            assert!(results::<_, u64>(&gpu, &e, len) == results::<_, u64>(&cpu, &e, len), "{len} on {gpu:?}");
        }
        assert!(results::<_, u32>(&gpu, &e, 100) == results::<_, u32>(&cpu, &e, 100), "32 bits on {gpu:?}");
        assert!(results::<_, u128>(&gpu, &e, 100) == results::<_, u128>(&cpu, &e, 100), "128 bits on {gpu:?}");
        gpu.check().unwrap();
    }
}
