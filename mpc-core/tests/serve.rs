//! Guests at servers, without a network: desks in memory.

mod common;

use common::{ULP, agreed, alice, close};
use mpc_comm::{
    Kind, Transcript,
    gateway::{Ask, Desk, Limits, Part, Refused, Reply, RequestId},
};
use mpc_core::{
    Error, Result, Secret, Session, Tensor,
    serve::{Served, Serving, announce, serve},
    sim::Sim,
};
use std::{
    collections::HashSet,
    sync::mpsc::{Receiver, channel},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// The desks of all servers, which take inputs of this many numbers.
struct House(Vec<Desk>);

/// What one guest waits for.
struct Waiting(Vec<Receiver<Reply>>);

impl House {
    fn new(servers: usize, width: usize, change: impl Fn(&mut Limits)) -> Self {
        let desk = |_| {
            let mut limits = Limits { rows: 4, per_guest: 4000, requests: 4000, ..Limits::of([width]) };
            change(&mut limits);
            Desk::new(limits)
        };
        Self((0..servers).map(desk).collect())
    }

    /// The requests that ask for rows of numbers (at the scale of 16 fractional bits), one for each server.
    fn asks(&self, rows: usize, values: &[f64], receiver: Option<&str>) -> Vec<Ask> {
        let words: Vec<u64> = values.iter().map(|x| (x * 65536.0).round() as i64 as u64).collect();
        self.asks_of_words(rows, words, receiver)
    }

    fn asks_of_words(&self, rows: usize, mut words: Vec<u64>, receiver: Option<&str>) -> Vec<Ask> {
        let id = RequestId::fresh().unwrap();
        let mut shares: Vec<Vec<u64>> = Vec::new();
        for server in 1..self.0.len() as u64 {
            let share: Vec<u64> =
                (1..=words.len() as u64).map(|at| noise(id.halves()[0] ^ (at << 8 | server))).collect();
            words.iter_mut().zip(&share).for_each(|(x, share)| *x = x.wrapping_sub(*share));
            shares.push(share);
        }
        shares.push(words);
        let shape = vec![rows, self.0[0].limits().shape[0]];
        let receiver = receiver.map(str::to_owned);
        let ask = |share: Vec<u64>| {
            let part = Part::Words(share.into());
            Ask { id, receiver: receiver.clone(), shape: shape.clone(), part }
        };
        shares.into_iter().map(ask).collect()
    }

    fn hand_in(&self, guest: &str, asks: Vec<Ask>) -> Waiting {
        let hand_in = |(desk, ask): (&Desk, Ask)| {
            let (tell, told) = channel();
            desk.hand_in(guest, 0, ask, move |reply| drop(tell.send(reply))).unwrap();
            told
        };
        Waiting(self.0.iter().zip(asks).map(hand_in).collect())
    }

    fn ask(&self, guest: &str, rows: usize, values: &[f64]) -> Waiting {
        self.hand_in(guest, self.asks(rows, values, None))
    }
}

impl Waiting {
    fn replies(self) -> Vec<Reply> {
        self.0.into_iter().map(|told| told.recv_timeout(PATIENCE).expect("an answer")).collect()
    }

    /// The sum of the servers' shares, as numbers; and the shares.
    fn result(self) -> (Vec<f64>, Vec<Vec<u64>>) {
        let share = |reply| match reply {
            Reply::Result { words, .. } => words.to_vec(),
            other => panic!("{other:?}"),
        };
        let shares: Vec<Vec<u64>> = self.replies().into_iter().map(share).collect();
        let sum = |at: usize| shares.iter().fold(0u64, |sum, share| sum.wrapping_add(share[at]));
        ((0..shares[0].len()).map(|at| sum(at) as i64 as f64 / 65536.0).collect(), shares)
    }

    fn refused(self) -> Vec<Refused> {
        let why = |reply| match reply {
            Reply::Refused(why) => why,
            other => panic!("{other:?}"),
        };
        self.replies().into_iter().map(why).collect()
    }
}

/// Numbers that look random.
fn noise(x: u64) -> u64 {
    let x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ x >> 31
}

fn quick(requests: u64) -> Serving {
    Serving { requests: Some(requests), max_wait: Duration::from_millis(1), ..Serving::default() }
}

/// A layer of 3 inputs and 2 results.
fn weights(s: &Session) -> Tensor<Secret> {
    alice(s, [3, 2], |i| i as f64 - 2.0)
}

fn clear(x: &[f64]) -> Vec<f64> {
    x.chunks(3).flat_map(|x| [0, 1].map(|out| (0..3).map(|i| x[i] * ((2 * i + out) as f64 - 2.0)).sum())).collect()
}

/// Runs servers with the desks of a house.
fn servers<T: Send>(house: &House, program: impl AsyncFn(Session, &Desk) -> Result<T> + Sync) -> Vec<Result<T>> {
    let program = &program;
    Sim::new(house.0.len()).run(|s: Session| async move {
        let desk = &house.0[s.runtime().me()];
        program(s, desk).await
    })
}

async fn layer(s: &Session, desk: &Desk, how: &Serving) -> Result<Served> {
    let w = weights(s);
    serve(s, desk, how, async |x| Ok(x.matmul(&w))).await
}

#[test]
fn guests_get_their_rows_of_a_batch() {
    for parties in [2, 3] {
        let house = House::new(parties, 3, |_| ());
        let (ann, bob) = ([1.0, 2.0, 3.0, -1.0, 0.5, 0.25], [4.0, -5.5, 6.0]);
        let (anns, bobs) = (house.ask("ann", 2, &ann), house.ask("bob", 1, &bob));
        let how = Serving { max_wait: Duration::from_millis(200), ..quick(2) };
        let served = agreed(servers(&house, async |s, desk| {
            let served = layer(&s, desk, &how).await?;
            let ledger: Vec<_> = s.ledger().iter().map(|opened| opened.to_string()).collect();
            let told: Vec<_> = ledger.iter().filter(|line| line.contains("guest")).collect();
            assert!(told[0].contains("[2, 2] to guest ann, at mpc-core/tests/serve.rs"), "{told:?}");
            assert!(told[1].contains("[1, 2] to guest bob, at") && told.len() == 2, "{told:?}");
            Ok(served)
        }));
        assert_eq!(served, Served { requests: 2, batches: 1, refused: 0 });
        close(anns.result().0, clear(&ann), 2.0 * ULP);
        close(bobs.result().0, clear(&bob), 2.0 * ULP);
    }
}

#[test]
fn a_later_request_costs_what_the_first_does_without_the_opening_of_the_weights() {
    // To each other server: the proposal (3 words, and 1 of each other server), the decision (2 words of each), the opening
    // of the input (3 words), the rescale of 2 results; and once the weights (6 words).
    for (parties, later) in [(2, 32 + 32 + 24 + 8), (3, 2 * (40 + 48 + 24 + 16))] {
        let house = House::new(parties, 3, |limits| limits.rows = 1);
        let waiting = ["ann", "bob", "cyd", "dan"].map(|guest| house.ask(guest, 1, &[1.0, 2.0, 3.0]));
        let spent = agreed(servers(&house, async |s, desk| {
            let (w, how, mut marks) = (weights(&s), Serving { max_batch: 1, ..quick(4) }, vec![]);
            serve(&s, desk, &how, |x| {
                let total = s.traffic().total;
                marks.push((total.rounds, total.sent));
                std::future::ready(Ok(x.matmul(&w)))
            })
            .await?;
            Ok(marks.windows(2).map(|pair| (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1)).collect::<Vec<_>>())
        }));
        let first = later + 48 * (parties as u64 - 1);
        assert_eq!(spent, [(4, first), (4, later), (4, later)]);
        waiting.into_iter().for_each(|waiting| close(waiting.result().0, clear(&[1.0, 2.0, 3.0]), 2.0 * ULP));
    }
}

/// Runs servers of a layer while guests come, and stops them then.
fn while_serving<T>(house: &House, how: Serving, guests: impl FnOnce(&House) -> T) -> (T, Served) {
    let how = Serving { beat: Duration::from_millis(20), max_wait: Duration::from_millis(1), ..how };
    std::thread::scope(|scope| {
        let running = scope.spawn(|| servers(house, async |s, desk| layer(&s, desk, &how).await));
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| guests(house)));
        // Any server may stop all of them.
        house.0[house.0.len() - 1].close();
        let served = agreed(running.join().unwrap());
        (answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic)), served)
    })
}

#[test]
fn a_guest_that_lies_is_refused_and_the_others_are_served() {
    let house = House::new(2, 3, |limits| limits.timeout = Duration::from_millis(500));
    let ((), served) = while_serving(&house, Serving::default(), |house| {
        // Two rows at one server, one at the other.
        let mut rows = house.asks(2, &[1.0; 6], None);
        rows[1].shape[0] = 1;
        let Part::Words(words) = &rows[1].part else { panic!() };
        rows[1].part = Part::Words(words.slice(..3));
        // Two receivers.
        let mut receivers = house.asks(1, &[1.0; 3], None);
        receivers[0].receiver = Some("doctor".to_owned());
        let id = receivers[0].id;
        // At one server only, and at the other only.
        let (mut first, mut second) = (house.asks(1, &[1.0; 3], None), house.asks(1, &[1.0; 3], None));
        let alone = [(0, first.remove(0)), (1, second.remove(1))].map(|(at, ask)| {
            let (tell, told) = channel();
            house.0[at].hand_in("mal", 0, ask, move |reply| drop(tell.send(reply))).unwrap();
            Waiting(vec![told])
        });
        let (rows, mut receivers) = (house.hand_in("mal", rows), house.hand_in("mal", receivers));
        for at in 0..4 {
            let x = [f64::from(at), 2.0, 3.0];
            close(house.ask("ann", 1, &x).result().0, clear(&x), 2.0 * ULP);
        }
        assert_eq!(rows.refused(), [Refused::Mismatch, Refused::Mismatch]);
        assert_eq!(Waiting(vec![receivers.0.remove(1)]).refused(), [Refused::Mismatch]);
        let (tell, told) = channel();
        house.0[0].fetch("doctor", 1, id, move |reply| drop(tell.send(reply))).unwrap();
        assert_eq!(Waiting(vec![told]).refused(), [Refused::Mismatch], "kept for who was to receive it there");
        alone.into_iter().for_each(|waiting| assert_eq!(waiting.refused(), [Refused::Expired { seconds: 0 }]));
    });
    assert_eq!((served.requests, served.refused), (4, 2));
}

#[test]
fn the_receiver_of_a_result_is_another_guest() {
    let house = House::new(3, 3, |_| ());
    let ((), served) = while_serving(&house, Serving::default(), |house| {
        let asks = house.asks(1, &[1.0, 2.0, 3.0], Some("doctor"));
        let id = asks[0].id;
        let sender = house.hand_in("patient", asks);
        let fetch = |guest: &str| -> std::result::Result<Waiting, Refused> {
            let fetch = |desk: &Desk| {
                let (tell, told) = channel();
                desk.fetch(guest, 1, id, move |reply| drop(tell.send(reply))).map(|()| told)
            };
            house.0.iter().map(fetch).collect::<std::result::Result<_, _>>().map(Waiting)
        };
        assert!(fetch("patient").is_err() && fetch("mal").is_err());
        close(fetch("doctor").unwrap().result().0, clear(&[1.0, 2.0, 3.0]), 2.0 * ULP);
        assert!(sender.0.iter().all(|told| told.try_recv().is_err()));
    });
    assert_eq!(served.requests, 1);
}

#[test]
fn inputs_out_of_range_spoil_their_own_rows_and_are_refused_where_that_is_asked_for() {
    let wild = [1 << 63, u64::MAX >> 1, 3 << 61, (5 << 16) + 1, (-(5i64 << 16) - 1) as u64, 5 << 16];
    let good = [4.99, -4.99, 0.0];
    for range in [None, Some(5.0)] {
        let house = House::new(2, 3, |_| ());
        let mut served = 0;
        let ((), total) = while_serving(&house, Serving { range, ..Serving::default() }, |house| {
            for word in wild {
                let before = house.ask("ann", 1, &good);
                let lie = house.hand_in("mal", house.asks_of_words(2, vec![0, 0, 0, 0, word, 0], None));
                let after = house.ask("bob", 1, &good);
                for waiting in [before, after] {
                    close(waiting.result().0, clear(&good), 2.0 * ULP);
                }
                match range {
                    None => drop(lie.result()),
                    Some(_) => assert_eq!(lie.refused(), vec![Refused::Range { limit: "5".to_owned() }; 2], "{word}"),
                }
                served += 3;
            }
        });
        assert_eq!((total.requests, total.refused), (served, if range.is_some() { 6 } else { 0 }));
    }
}

#[test]
fn servers_that_fail_or_cannot_serve_tell_who_waits() {
    let house = House::new(2, 3, |_| ());
    let waiting = house.ask("ann", 1, &[1.0; 3]);
    let failed =
        servers(&house, async |s, desk| serve(&s, desk, &quick(2), async |_| Err(Error::program("no model"))).await);
    assert!(failed.iter().all(|result| matches!(result, Err(Error::Program(_) | Error::Aborted { .. }))), "{failed:?}");
    assert_eq!(waiting.refused(), [Refused::Stopped, Refused::Stopped]);

    let house = House::new(2, 3, |_| ());
    let waiting = house.ask("ann", 2, &[1.0; 6]);
    let failed = servers(&house, async |s, desk| serve(&s, desk, &quick(1), async |x| Ok(x.sum())).await);
    assert!(failed.iter().any(|r| r.as_ref().is_err_and(|e| e.to_string().contains("[] of 2 rows"))), "{failed:?}");
    assert_eq!(waiting.refused(), [Refused::Stopped, Refused::Stopped]);

    let cannot = |sim: Sim, how: Serving| {
        let house = House::new(2, 3, |_| ());
        let program = |s: Session| {
            let (house, how) = (&house, &how);
            async move { serve(&s, &house.0[s.runtime().me() % 2], how, async |x| Ok(x)).await }
        };
        sim.run(program).remove(0).unwrap_err().to_string()
    };
    let plain = Sim::new(2).protocol(mpc_core::ProtocolKind::Plain);
    assert!(cannot(plain, quick(1)).contains("additive shares"));
    assert!(cannot(Sim::new(2).clients(1), quick(1)).contains("as guests"));
    assert!(cannot(Sim::new(2), Serving { max_batch: 3, ..quick(1) }).contains("more rows than a batch"));
    for range in [0.0, -1.0, f64::NAN, 2f64.powi(30)] {
        assert!(cannot(Sim::new(2), Serving { range: Some(range), ..quick(1) }).contains("`range`"));
    }
}

/// What would grow if anything did, over thousands of requests of guests and batch sizes that change.
#[test]
fn two_thousand_requests_leave_nothing_behind() {
    const REQUESTS: usize = 2000;
    let house = House::new(2, 3, |_| ());
    let waiting: Vec<Waiting> = (0..REQUESTS)
        .map(|at| house.ask(&format!("guest{}", at % 7), 1 + at % 2, &vec![0.5; 3 * (1 + at % 2)]))
        .collect();
    let counts = agreed(servers(&house, async |s, desk| {
        let (w, mut counts, mut batch) = (weights(&s), Vec::new(), 0);
        let how = Serving { max_batch: 8, ..quick(REQUESTS as u64) };
        serve(&s, desk, &how, |x| {
            batch += 1;
            if batch % 30 == 0 {
                counts.push((s.live_nodes(), s.traffic().scopes.len(), s.ledger().len()));
            }
            std::future::ready(Ok(x.matmul(&w)))
        })
        .await?;
        assert_eq!((desk.requests(), desk.bytes(), s.live_nodes()), (0, 0, counts[0].0 - 1), "the input of the batch");
        Ok(counts)
    }));
    let (nodes, scopes): (HashSet<_>, HashSet<_>) = counts.iter().map(|(nodes, scopes, _)| (*nodes, *scopes)).unzip();
    assert!(counts.len() > 10 && nodes.len() == 1 && scopes.len() == 1, "{counts:?}");
    let ledgers: Vec<usize> = counts.iter().map(|(.., ledger)| *ledger).collect();
    assert!(*ledgers.last().unwrap() < 4096 + 64, "{ledgers:?}");
    for (at, waiting) in waiting.into_iter().enumerate() {
        close(waiting.result().0, clear(&vec![0.5; 3 * (1 + at % 2)]), 2.0 * ULP);
    }
}

/// Twice the input: without fresh shares of zero, each server's share would be an even number, and say how the other's
/// was made.
#[test]
fn shares_of_results_show_nothing_but_the_result() {
    for parties in [2, 3] {
        let mut odd = vec![0; parties];
        let mut seen: HashSet<u64> = HashSet::new();
        for _ in 0..2 {
            let house = House::new(parties, 64, |_| ());
            let waiting = house.ask("ann", 1, &[0.25; 64]);
            let program = async |s: Session, desk: &Desk| serve(&s, desk, &quick(1), async |x| Ok(&x + &x)).await;
            agreed(servers(&house, program));
            let (values, shares) = waiting.result();
            assert_eq!(values, [0.5; 64]);
            for (odd, share) in odd.iter_mut().zip(&shares) {
                *odd += share.iter().filter(|word| *word % 2 == 1).count();
                let ones: u32 = share.iter().map(|word| word.count_ones()).sum();
                assert!((1850..2250).contains(&ones), "{ones} ones of 4096 bits");
            }
            assert!(shares.iter().flatten().all(|word| seen.insert(*word)), "no share occurs twice");
        }
        assert!(odd.iter().all(|odd| (32..96).contains(odd)), "{odd:?} odd words of 128");
    }
}

#[test]
fn other_inputs_give_the_same_frames() {
    let run = |x: f64| {
        let (house, transcript) = (House::new(2, 3, |_| ()), Transcript::new());
        let _waiting = house.ask("ann", 1, &[x, -x, x]);
        let program = |s: Session| {
            let house = &house;
            async move { layer(&s, &house.0[s.runtime().me()], &quick(1)).await }
        };
        agreed(Sim::new(2).transcript(&transcript).run(program));
        let shape = transcript.shape();
        assert!(shape.values().flatten().any(|(kind, ..)| *kind == Kind::Round));
        shape
    };
    assert_eq!(run(0.0), run(1000.5));
}

#[test]
fn servers_tell_each_other_public_bytes() {
    let said: [&[u8]; 4] = [b"", b"a model", &[255; 12], &[0, 1]];
    for own in [[Some(said[0]), None, Some(said[1])], [Some(said[2]), Some(said[3]), None], [None; 3]] {
        let told = agreed(Sim::new(3).run(async |s: Session| announce(&s, own[s.runtime().me()]).await));
        assert_eq!(told, own.map(|bytes| bytes.map(<[u8]>::to_vec)));
    }
}
