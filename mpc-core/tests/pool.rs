//! Pooling: values against loops in f64, gradients against finite differences, rounds, typed mistakes.

mod common;

use common::{ULP, agreed, alice, close};
use mpc_core::{Conv, Error, Pool, Secret, Session, Tensor, sim::Sim};

/// Of a mean: factors have 16 significant bits, and the means are below 90.
const MEAN: f64 = 90.0 * 0.5 * ULP + 2.0 * ULP;

fn x_at(i: usize) -> f64 {
    ((i * 7919) % 1009) as f64 / 16.0 - 90.0 // mostly below zero: a zero of the padding would win
}

/// Each window's elements, `None` in the padding, by planes of `[rows, columns]`.
fn windows(x: &[f64], [rows, columns]: [usize; 2], p: &Pool) -> Vec<Vec<Option<f64>>> {
    let count = |at: usize, size: usize| {
        let rest = size + 2 * p.padding[at] - p.dilation[at] * (p.kernel[at] - 1) - 1;
        let more = p.partial
            && !rest.is_multiple_of(p.stride[at])
            && (rest / p.stride[at] + 1) * p.stride[at] < size + p.padding[at];
        rest / p.stride[at] + 1 + usize::from(more)
    };
    let [oh, ow] = [count(0, rows), count(1, columns)];
    let window = |at: usize| {
        let plane = &x[at / (oh * ow) * rows * columns..];
        let element = |tap: usize| {
            let i = (at / ow % oh * p.stride[0] + tap / p.kernel[1] * p.dilation[0]).wrapping_sub(p.padding[0]);
            let j = (at % ow * p.stride[1] + tap % p.kernel[1] * p.dilation[1]).wrapping_sub(p.padding[1]);
            (i < rows && j < columns).then(|| plane[i * columns + j])
        };
        (0..p.kernel[0] * p.kernel[1]).map(element).collect()
    };
    (0..x.len() / (rows * columns) * oh * ow).map(window).collect()
}

fn largest(window: &[Option<f64>]) -> f64 {
    window.iter().flatten().copied().fold(f64::MIN, f64::max)
}
fn mean(window: &[Option<f64>]) -> f64 {
    window.iter().flatten().sum::<f64>() / window.len() as f64
}
fn mean_inside(window: &[Option<f64>]) -> f64 {
    window.iter().flatten().sum::<f64>() / window.iter().flatten().count() as f64
}

fn input() -> Vec<f64> {
    (0..2 * 3 * 7 * 6).map(x_at).collect()
}

#[test]
fn agree_with_the_definition() {
    for p in [
        Pool::new(2),
        Pool::new(3).stride(2).padding(1),
        Pool::new(3).stride(1).padding(1).dilation(2),
        Pool { kernel: [1, 4], stride: [2, 3], padding: [0, 2], ..Pool::new(1) },
        Pool { kernel: [7, 6], ..Pool::new(1) },
    ] {
        let expected = windows(&input(), [7, 6], &p);
        for parties in [2, 3] {
            agreed(Sim::new(parties).run(async |s: Session| {
                let x = alice(&s, [2, 3, 7, 6], x_at);
                let z = x.max_pool2d(&p).reveal().await?;
                assert_eq!(z.len(), expected.len());
                close(z, expected.iter().map(|window| largest(window)), 0.0);
                if p.dilation == [1, 1] {
                    close(x.avg_pool2d(&p).reveal().await?, expected.iter().map(|window| mean(window)), MEAN);
                }
                Ok(())
            }));
        }
    }
}

#[test]
fn windows_that_reach_beyond_the_end_and_means_without_the_padding() {
    for p in [
        Pool::new(2).partial(),
        Pool::new(3).stride(2).padding(1).partial(),
        Pool::new(4).stride(3).padding(2).partial(),
        Pool::new(2).stride(4).padding(1).partial(),
        Pool::new(3).stride(2).padding(1),
    ] {
        let expected = windows(&input(), [7, 6], &p);
        agreed(Sim::new(2).run(async |s: Session| {
            let x = alice(&s, [2, 3, 7, 6], x_at);
            s.flush();
            let before = s.traffic().total.rounds;
            let inside = x.avg_pool2d(&p.without_padding());
            s.flush();
            assert_eq!(s.traffic().total.rounds - before, 1);
            close(x.max_pool2d(&p).reveal().await?, expected.iter().map(|window| largest(window)), 0.0);
            close(inside.reveal().await?, expected.iter().map(|window| mean_inside(window)), MEAN);
            Ok(())
        }));
    }
    // The padding counts; what a partial window has beyond it does not.
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [1, 5], |i| i as f64 + 1.0);
        let p = Pool::new(3).stride(3).padding(1).partial();
        close(x.avg_pool1d(&p).reveal().await?, [1.0, 4.0], 3.0 * ULP); // (0 1 2) (3 4 5), and the padding
        let p = Pool::new(2).stride(3).partial();
        close(x.avg_pool1d(&p).reveal().await?, [1.5, 4.5], 2.0 * ULP);
        let p = Pool::new(2).stride(2).partial();
        close(x.avg_pool1d(&p).reveal().await?, [1.5, 3.5, 5.0], 3.0 * ULP);
        Ok(())
    }));
}

#[test]
fn one_axis_and_whole_planes() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [6, 42], x_at);
        let columns = Pool { kernel: [1, 3], stride: [1, 2], padding: [0, 1], ..Pool::new(1) };
        let expected = windows(&input(), [1, 42], &columns);
        let p = Pool::new(3).stride(2).padding(1);
        let z = x.max_pool1d(&p).reveal().await?;
        assert_eq!(z.shape(), [6, 21]);
        close(z, expected.iter().map(|window| largest(window)), 0.0);
        close(x.avg_pool1d(&p).reveal().await?, expected.iter().map(|window| mean(window)), MEAN);
        let planes = windows(&input(), [7, 6], &Pool { kernel: [7, 6], ..Pool::new(1) });
        let x = x.reshape([2, 3, 7, 6]);
        let z = x.global_max_pool().reveal().await?;
        assert_eq!(z.shape(), [2, 3, 1, 1]);
        close(z, planes.iter().map(|window| largest(window)), 0.0);
        close(x.global_avg_pool().reveal().await?, planes.iter().map(|window| mean(window)), MEAN);
        Ok(())
    }));
}

#[test]
fn adaptive_windows() {
    for count in [[7, 3], [1, 1], [3, 4], [5, 6], [9, 2]] {
        let window = |at: usize, i: usize| {
            let size = [7, 6][at];
            i * size / count[at]..((i + 1) * size).div_ceil(count[at])
        };
        let expected = |at: usize| {
            let plane = at / (count[0] * count[1]);
            let (rows, columns) = (window(0, at / count[1] % count[0]), window(1, at % count[1]));
            let cells = rows.len() * columns.len();
            let sum: f64 = rows.flat_map(|i| columns.clone().map(move |j| x_at(plane * 42 + i * 6 + j))).sum();
            sum / cells as f64
        };
        agreed(Sim::new(2).run(async |s: Session| {
            let x = alice(&s, [2, 3, 7, 6], x_at);
            s.flush();
            let z = x.adaptive_avg_pool2d(count);
            s.flush();
            assert!(s.traffic().total.rounds <= 1);
            let z = z.reveal().await?;
            assert_eq!(z.shape(), [2, 3, count[0], count[1]]);
            close(z, (0..6 * count[0] * count[1]).map(expected), MEAN);
            let largest = |at: usize| {
                let plane = at / (count[0] * count[1]);
                let (rows, columns) = (window(0, at / count[1] % count[0]), window(1, at % count[1]));
                let cells = rows.flat_map(|i| columns.clone().map(move |j| x_at(plane * 42 + i * 6 + j)));
                cells.fold(f64::MIN, f64::max)
            };
            close(x.adaptive_max_pool2d(count).reveal().await?, (0..6 * count[0] * count[1]).map(largest), 0.0);
            let line = x.reshape([6, 42]).adaptive_max_pool1d(7).reveal().await?;
            close(line, (0..42).map(|at| (0..6).map(|i| x_at(at * 6 + i)).fold(f64::MIN, f64::max)), 0.0);
            Ok(())
        }));
    }
}

#[test]
fn gradients() {
    let x0: Vec<f64> = (0..50).map(|i| x_at(i) / 64.0).collect();
    let p = Pool::new(3).stride(2).padding(1);
    let clear = |x: &[f64]| {
        let windows = windows(x, [5, 5], &p);
        let part = |(k, window): (usize, &Vec<Option<f64>>)| (1.0 + k as f64 / 8.0) * (largest(window) + mean(window));
        windows.iter().enumerate().map(part).sum::<f64>()
    };
    let moved = |k: usize, h: f64| clear(&(0..50).map(|i| x0[i] + if i == k { h } else { 0.0 }).collect::<Vec<_>>());
    let expected: Vec<f64> = (0..50).map(|k| (moved(k, 1e-6) - moved(k, -1e-6)) / 2e-6).collect();
    for parties in [2, 3] {
        let found = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, [1, 2, 5, 5], |i| x_at(i) / 64.0).requires_grad();
            let weights = s.public([1, 2, 3, 3], &(0..18).map(|k| 1.0 + k as f64 / 8.0).collect::<Vec<_>>());
            let loss = ((x.max_pool2d(&p) + x.avg_pool2d(&p)) * weights).sum();
            Ok(loss.backward().of(&x).reveal().await?.into_raw_vec_and_offset().0)
        }));
        close(found, expected.clone(), 24.0 * ULP);
    }
}

#[test]
fn all_windows_share_their_rounds() {
    for (p, rounds, comparisons) in [
        (Pool::new(2), 8, vec![2 * 8 * 4, 2 * 4 * 4]),
        (Pool::new(3).stride(2).padding(1), 16, vec![2 * 8 * 4, 2 * 8 * 4, 2 * 4 * 4, 2 * 4 * 4]),
    ] {
        let measure = async |s: &Session| {
            let x = alice(s, [1, 2, 8, 8], x_at);
            s.flush();
            let before = s.traffic().total;
            let _z = x.max_pool2d(&p);
            s.flush();
            let spent = s.traffic().total - before;
            (spent.rounds, spent.sent)
        };
        let cost = agreed(Sim::new(2).run(async |s: Session| Ok(measure(&s).await)));
        // Each comparison: the difference opened, a tree of 33 bits, one bit to choose by.
        let sent: u64 = comparisons.iter().map(|n: &u64| 8 * n + 34 * 8 * n.div_ceil(64)).sum();
        assert_eq!(cost, (rounds, sent));
        let counted = std::cell::Cell::new((0, 0));
        Sim::new(2)
            .explain(async |s: Session| {
                counted.set(measure(&s).await);
                Ok(())
            })
            .unwrap();
        assert_eq!(counted.get(), cost);
    }
}

#[test]
fn mistakes() {
    type Program = fn(&Tensor<Secret>) -> Tensor<Secret>;
    let cases: [(Program, &str); 11] = [
        (|x| x.sum().adaptive_max_pool1d(2), "adaptive_max_pool: the shapes do not fit: at least one axis"),
        (|x| x.adaptive_max_pool2d([1, 0]), "adaptive_max_pool: [1, 0] windows over axes of 4 and 5"),
        (|x| x.max_pool2d(&Pool::new(0)), "max_pool: a window of 0"),
        (|x| x.max_pool2d(&Pool::new(5)), "max_pool: a window of 5"),
        (|x| x.max_pool2d(&Pool::new(2).stride(0)), "max_pool: a window of 2 with stride 0"),
        (|x| x.max_pool1d(&Pool::new(2).padding(2)), "max_pool: a window of 2 with stride 2, padding 2"),
        (
            |x| x.slice(2, 0..3).max_pool1d(&Pool::new(2).padding(1).dilation(4)),
            "max_pool: a window that lies in the padding",
        ),
        (|x| x.avg_pool2d(&Pool::new(2).dilation(2)), "avg_pool: an average has no dilation"),
        (|x| x.sum().avg_pool2d(&Pool::new(2)), "avg_pool: the shapes do not fit: at least two axes"),
        (|x| x.adaptive_avg_pool2d([0, 2]), "adaptive_avg_pool: [0, 2] windows over axes of 4 and 5"),
        (|x| x.sum().global_max_pool(), "global_max_pool: the shapes do not fit: at least two axes"),
    ];
    for (program, expected) in cases {
        let seen = Sim::new(2).run(async |s: Session| program(&alice(&s, [2, 4, 5], x_at)).reveal().await.map(|_| ()));
        match &seen[0] {
            Err(error @ Error::Usage { at, .. }) => {
                assert!(error.to_string().starts_with(expected), "{error}");
                assert!(at.file().contains("tests"), "{at}");
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Rounds and bytes of what `program` records on a matrix of 2 x 8 x 8, as they are measured and as they are explained, and
/// the result.
fn spent(parties: usize, program: fn(&Tensor<Secret>) -> Tensor<Secret>) -> ((u64, u64), Vec<f64>) {
    let measure = async |s: &Session| {
        let x = alice(s, [1, 2, 8, 8], relu_at);
        s.flush();
        let before = s.traffic().total;
        let z = program(&x);
        s.flush();
        let spent = s.traffic().total - before;
        ((spent.rounds, spent.sent), z)
    };
    let found = agreed(Sim::new(parties).run(async |s: Session| {
        let (cost, z) = measure(&s).await;
        Ok((cost, z.reveal().await?.into_raw_vec_and_offset().0))
    }));
    let counted = std::cell::Cell::new((0, 0));
    Sim::new(parties)
        .explain(async |s: Session| {
            counted.set(measure(&s).await.0);
            Ok(())
        })
        .expect("a program that can be explained");
    assert_eq!(counted.get(), found.0, "the cost report");
    found
}

/// Some windows are all negative.
fn relu_at(i: usize) -> f64 {
    x_at(i) + 40.0
}

#[test]
fn a_relu_before_a_pool_runs_after_it() {
    let x: Vec<f64> = (0..128).map(relu_at).collect();
    // The second halving has three comparisons: of the two, and of each with zero; their bits meet; two are chosen by.
    let last = |n: u64| 3 * 8 * n + (3 * 33 + 2 * 2 + 2) * 8 * n.div_ceil(64);
    let halving = |n: u64| 8 * n + 34 * 8 * n.div_ceil(64);
    type Program = fn(&Tensor<Secret>) -> Tensor<Secret>;
    let cases: [(Program, Pool, u64, u64); 4] = [
        (|x| x.relu().max_pool2d(&Pool::new(2)), Pool::new(2), 9, halving(64) + last(32)),
        // The view between them is of all elements.
        (
            |x| x.reshape([1, 128]).relu().reshape([1, 2, 8, 8]).max_pool2d(&Pool::new(2)),
            Pool::new(2),
            9,
            halving(64) + last(32),
        ),
        (
            |x| x.relu().max_pool2d(&Pool { kernel: [1, 3], stride: [1, 3], ..Pool::new(1) }),
            Pool { kernel: [1, 3], stride: [1, 3], ..Pool::new(1) },
            9,
            halving(32) + last(32),
        ),
        // As many windows as elements: the ReLU first is less.
        (
            |x| x.relu().max_pool2d(&Pool::new(3).stride(1).padding(1)),
            Pool::new(3).stride(1).padding(1),
            20,
            5 * halving(128),
        ),
    ];
    for (number, (program, pool, rounds, sent)) in cases.into_iter().enumerate() {
        let expected: Vec<f64> = windows(&x, [8, 8], &pool).iter().map(|window| largest(window).max(0.0)).collect();
        assert!(expected.contains(&0.0) || number > 2);
        for parties in [2, 3] {
            let (cost, found) = spent(parties, program);
            assert_eq!(found.len(), expected.len());
            close(found, expected.clone(), 0.0);
            assert_eq!(cost, (rounds, (parties as u64 - 1) * sent), "case {number} of {parties} parties");
        }
    }
}

#[test]
fn a_relu_that_is_read_too_runs_too_and_one_that_has_run_is_pooled() {
    let x: Vec<f64> = (0..128).map(relu_at).collect();
    let expected: Vec<f64> = windows(&x, [8, 8], &Pool::new(2)).iter().map(|window| largest(window).max(0.0)).collect();
    for run_first in [false, true] {
        agreed(Sim::new(2).run(async |s: Session| {
            let y = alice(&s, [1, 2, 8, 8], relu_at).relu();
            if run_first {
                s.flush();
            }
            let before = s.traffic().total.rounds;
            let z = y.max_pool2d(&Pool::new(2));
            s.flush();
            assert_eq!(s.traffic().total.rounds - before, if run_first { 8 } else { 9 });
            close(y.reveal().await?, x.iter().map(|x| x.max(0.0)), 0.0);
            close(z.reveal().await?, expected.clone(), 0.0);
            Ok(())
        }));
    }
}

#[test]
fn gradients_through_a_relu_and_a_pool() {
    let x0: Vec<f64> = (0..128).map(|i| relu_at(i) / 64.0).collect();
    let clear = |x: &[f64]| {
        let windows = windows(x, [8, 8], &Pool::new(2));
        let part = |(k, window): (usize, &Vec<Option<f64>>)| (1.0 + k as f64 / 8.0) * largest(window).max(0.0);
        windows.iter().enumerate().map(part).sum::<f64>()
    };
    let moved = |k: usize, h: f64| clear(&(0..128).map(|i| x0[i] + if i == k { h } else { 0.0 }).collect::<Vec<_>>());
    let expected: Vec<f64> = (0..128).map(|k| (moved(k, 1e-6) - moved(k, -1e-6)) / 2e-6).collect();
    let weights = |s: &Session| s.public([1, 2, 4, 4], &(0..32).map(|k| 1.0 + k as f64 / 8.0).collect::<Vec<_>>());
    for parties in [2, 3] {
        let found = agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, [1, 2, 8, 8], |i| relu_at(i) / 64.0).requires_grad();
            let loss = (x.relu().max_pool2d(&Pool::new(2)) * weights(&s)).sum();
            Ok(loss.backward().of(&x).reveal().await?.into_raw_vec_and_offset().0)
        }));
        close(found, expected.clone(), 24.0 * ULP);
    }
    // A gradient that ends at the ReLU is one of the ReLU, and one that is cut off before it stays so.
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [1, 2, 8, 8], |i| relu_at(i) / 64.0).requires_grad();
        let leaf = x.relu().detach().requires_grad();
        let loss = (leaf.max_pool2d(&Pool::new(2)) * weights(&s)).sum();
        let grads = loss.backward();
        close(grads.of(&leaf).reveal().await?.into_iter().map(|g| g.min(1.0)).filter(|g| *g > 0.5), [1.0; 32], 1e-3);
        Ok(())
    }));
}

/// LeNet for 28 x 28: rounds of a forward pass, and the bytes that a party sends for a batch of 128 images.
#[test]
fn a_lenet_takes_29_rounds() {
    let counted = std::cell::Cell::new((0, 0));
    let explained = Sim::new(2)
        .explain(async |s: Session| {
            let zeros = |shape: &[usize]| alice(&s, shape, |_| 0.0);
            let dense = |x: &Tensor<Secret>, [outputs, inputs]: [usize; 2]| {
                let (w, b) = (zeros(&[outputs, inputs]), zeros(&[outputs]));
                Tensor::<Secret>::from(x.handle().matmul_plus(false, w.handle(), true, b.handle()))
            };
            let (x, options) = (zeros(&[128, 1, 28, 28]), Conv::default());
            let x = x.conv2d_plus(&zeros(&[20, 1, 5, 5]), &zeros(&[20]), &options).relu().max_pool2d(&Pool::new(2));
            let x = x.conv2d_plus(&zeros(&[50, 20, 5, 5]), &zeros(&[50]), &options).relu().max_pool2d(&Pool::new(2));
            let x = dense(&x.reshape([128, 800]), [500, 800]).relu();
            let _logits = dense(&x, [10, 500]);
            s.flush();
            let total = s.traffic().total;
            counted.set((total.rounds, total.sent));
            Ok(())
        })
        .expect("a program that can be explained");
    let words = |n: u64| 8 * n.div_ceil(64);
    let pooled = |n: u64| {
        let (half, last) = (n / 2, n / 4);
        words(n) + 8 * half + 34 * words(half) + 24 * last + 105 * words(last)
    };
    let weights = 20 * 25 + 50 * 20 * 25 + 500 * 800 + 10 * 500;
    let activations = 128 * (784 + 20 * 144 + 800 + 500);
    let hidden = 128 * 500;
    let sent = 8 * (weights + activations) + pooled(128 * 20 * 576) + pooled(128 * 50 * 64);
    assert_eq!(counted.get(), (29, sent + 8 * hidden + 34 * words(hidden) + words(128 * 10)));
    // Both pools come before their ReLUs; the ReLU between the dense layers uses the opening of its product.
    let times = |of: &str| {
        explained
            .rewrites
            .iter()
            .filter(|rewrite| rewrite.name.contains(of))
            .map(|rewrite| rewrite.times)
            .sum::<usize>()
    };
    assert_eq!((times("ReLU of a max-pool"), times("product's opening")), (2, 1), "{:?}", explained.rewrites);
}
