//! Whole sessions: with the same seeds, parties on GPUs send the same bytes as on the processor.

use super::{common::*, emulator::gpus};
use mpc_comm::{PartyId, Transcript};
use mpc_core::{Conv, Device, DeviceError, Error, Pool, Result, Session, Settings, rand::Prg, sim::Sim};

/// Something of everything: linear maps, products, convolutions, comparisons, choices, periodic functions, gradients.
async fn program(s: Session) -> Result<Vec<u64>> {
    let x = alice(&s, [2, 3, 8, 8], |i| (i as f64 - 190.0) * 0.013);
    let w = bob(&s, [4, 3, 3, 3], |i| ((i * 7919) % 389) as f64 / 500.0 - 0.4);
    x.handle().track();
    w.handle().track();
    let conv = Conv { padding: [1, 1], ..Conv::default() };
    let pool = Pool::new(2);
    let y = x.conv2d(&w, &conv).relu().max_pool2d(&pool).reshape([2, 64]);
    let dense = bob(&s, [64, 40], |i| ((i * 31) % 77) as f64 / 100.0 - 0.35);
    let z = y.matmul(&dense);
    let loss = z.sigmoid().sum();
    let gradients = loss.backward();
    let sorted = z.slice(1, 0..6).sort(1, false);
    let strided = x.conv2d(&w, &conv.stride(2));
    let outputs = [
        loss.reshape([1]),
        gradients.of(&w).reshape([108]),
        gradients.of(&x).reshape([384]),
        sorted.reshape([12]),
        strided.reshape([128]),
        z.softmax(1).reshape([80]),
        z.lt(0.1).number().reshape([80]),
        z.argmax(1).reshape([2]),
        z.equal(0.5).number().reshape([80]),
        z.exp().cumsum(1).flip(1).reshape([80]),
        y.reciprocal().reshape([128]),
        z.slice(1, 0..2).one_hot(20).number().reshape([80]),
        s.random_uniform([70]),
    ];
    let mut all = Vec::new();
    for output in outputs {
        all.extend(output.reveal().await?.iter().map(|x| x.to_bits()));
    }
    Ok(all)
}

/// What everybody sent, by link, the dealer too, and what was revealed.
fn run(parties: usize, prg: Prg, device: Device) -> (Vec<Vec<u64>>, Vec<u64>) {
    let transcript = Transcript::with_words();
    let settings = Settings { prg, device: Some(device), ..Settings::default() };
    let sim = Sim::new(parties).settings(settings).seed(5).transcript(&transcript);
    let revealed = agreed(sim.run(program));
    let ends = || (0..parties as u16).map(PartyId).chain([PartyId::DEALER]);
    let links = ends().flat_map(|from| ends().map(move |to| (from, to)));
    let sent = links
        .map(|(from, to)| transcript.between(from, to).into_iter().flat_map(|entry| entry.body.unwrap()).collect());
    (sent.collect(), revealed)
}

#[test]
fn parties_on_gpus_send_the_same_bytes() {
    for (parties, prg) in [(2, Prg::ChaCha20), (3, Prg::ChaCha20), (2, Prg::Aes256Ctr)] {
        let (sent, revealed) = run(parties, prg, Device::Cpu);
        assert!(sent.iter().any(|words| !words.is_empty()));
        let each = gpus().map(|index| Device::Cuda(Some(index)));
        // And spread over all GPUs.
        for device in each.chain([Device::Cuda(None)]) {
            let (on_gpu, found) = run(parties, prg, device);
            assert!(found == revealed, "{parties} parties on {device}: other values");
            assert!(on_gpu == sent, "{parties} parties on {device}: other bytes");
        }
    }
}

#[test]
fn a_session_that_runs_out_of_memory_stops_everywhere() {
    let limited =
        Settings { device: Some(Device::Cuda(Some(gpus().start))), device_memory: Some(10_000), ..Settings::default() };
    let program = |s: Session| async move {
        let x = alice(&s, [1000], |i| i as f64);
        (&x * &x).reveal().await
    };
    let errors: Vec<_> =
        Sim::new(2).settings(limited).run(program).into_iter().map(|party| party.unwrap_err()).collect();
    let own =
        |error: &Error| matches!(error, Error::Device { problem: DeviceError::Memory { limit: Some(10_000), .. }, .. });
    // The dealer computes on a GPU too, within the same limit. Whoever is first tells the others.
    let told = |error: &Error| matches!(error, Error::Aborted { .. }) && error.to_string().contains("out of memory");
    assert!(errors.iter().all(|error| own(error) || told(error)), "{errors:?}");
}
