//! Convolutions: values against loops in f64, gradients against finite differences, exact costs, typed mistakes.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{
    Conv, Error, ProtocolKind, Secret, Session, Tensor,
    bilinear::Bilinear,
    conv::{Geometry, Third},
    preprocessing::{Mask, Need, NeedKind},
    sim::Sim,
};

fn x_at(i: usize) -> f64 {
    ((i * 37) % 23) as f64 / 8.0 - 1.25
}
fn w_at(i: usize) -> f64 {
    (i as f64 * 0.7).sin()
}

/// The convolution by its definition.
fn conv2d(x: &[f64], xs: [usize; 4], w: &[f64], ws: [usize; 4], o: &Conv) -> ([usize; 4], Vec<f64>) {
    let size = |at: usize| (xs[2 + at] + 2 * o.padding[at] - o.dilation[at] * (ws[2 + at] - 1) - 1) / o.stride[at] + 1;
    let ys = [xs[0], ws[0], size(0), size(1)];
    let y = (0..ys.iter().product()).map(|at| {
        let (q, p, f, n) = (at % ys[3], at / ys[3] % ys[2], at / ys[3] / ys[2] % ys[1], at / ys[3] / ys[2] / ys[1]);
        let group = f / (ws[0] / o.groups);
        let mut sum = 0.0;
        for tap in 0..ws[1] * ws[2] * ws[3] {
            let (l, k, c) = (tap % ws[3], tap / ws[3] % ws[2], tap / ws[3] / ws[2]);
            let i = (p * o.stride[0] + k * o.dilation[0]).wrapping_sub(o.padding[0]);
            let j = (q * o.stride[1] + l * o.dilation[1]).wrapping_sub(o.padding[1]);
            if i < xs[2] && j < xs[3] {
                let channel = group * ws[1] + c;
                sum += w[f * ws[1] * ws[2] * ws[3] + tap] * x[((n * xs[1] + channel) * xs[2] + i) * xs[3] + j];
            }
        }
        sum
    });
    (ys, y.collect())
}

/// The transposed convolution by its definition.
fn transposed(y: &[f64], ys: [usize; 4], w: &[f64], ws: [usize; 4], o: &Conv) -> ([usize; 4], Vec<f64>) {
    let size = |at: usize| {
        (ys[2 + at] - 1) * o.stride[at] + o.dilation[at] * (ws[2 + at] - 1) + 1 + o.output_padding[at]
            - 2 * o.padding[at]
    };
    let xs = [ys[0], ws[1] * o.groups, size(0), size(1)];
    let mut x = vec![0.0; xs.iter().product()];
    for (at, y) in y.iter().enumerate() {
        let (q, p, f, n) = (at % ys[3], at / ys[3] % ys[2], at / ys[3] / ys[2] % ys[1], at / ys[3] / ys[2] / ys[1]);
        let group = f / (ws[0] / o.groups);
        for tap in 0..ws[1] * ws[2] * ws[3] {
            let (l, k, c) = (tap % ws[3], tap / ws[3] % ws[2], tap / ws[3] / ws[2]);
            let i = (p * o.stride[0] + k * o.dilation[0]).wrapping_sub(o.padding[0]);
            let j = (q * o.stride[1] + l * o.dilation[1]).wrapping_sub(o.padding[1]);
            if i < xs[2] && j < xs[3] {
                let channel = group * ws[1] + c;
                x[((n * xs[1] + channel) * xs[2] + i) * xs[3] + j] += w[f * ws[1] * ws[2] * ws[3] + tap] * y;
            }
        }
    }
    (xs, x)
}

fn values(shape: [usize; 4], value: fn(usize) -> f64) -> Vec<f64> {
    (0..shape.iter().product()).map(value).collect()
}

fn options() -> [Conv; 4] {
    [
        Conv::default(),
        Conv::default().stride(2).padding(1).groups(2),
        Conv { stride: [1, 3], padding: [2, 0], dilation: [2, 1], ..Conv::default() },
        Conv { output_padding: [1, 0], ..Conv::default().stride(2).padding(1) },
    ]
}

#[test]
fn agree_with_the_definition() {
    let (xs, ys) = ([2, 4, 7, 6], [2, 4, 3, 4]);
    for o in options() {
        let ws = [4, 4 / o.groups, 3, 2];
        let expected = conv2d(&values(xs, x_at), xs, &values(ws, w_at), ws, &o);
        let back = transposed(&values(ys, x_at), ys, &values(ws, w_at), ws, &o);
        for sim in [Sim::new(2), Sim::new(3), Sim::new(2).protocol(ProtocolKind::Plain)] {
            agreed(sim.run(async |s: Session| {
                let (x, y, w) = (alice(&s, xs, x_at), alice(&s, ys, x_at), bob(&s, ws, w_at));
                let z = x.conv2d(&w, &o).reveal().await?;
                assert_eq!(z.shape(), expected.0);
                close(z, expected.1.clone(), 40.0 * ULP);
                let z = y.conv_transpose2d(&w, &o).reveal().await?;
                assert_eq!(z.shape(), back.0);
                close(z, back.1.clone(), 40.0 * ULP);
                let public = s.public(ws, &values(ws, w_at));
                close(x.conv2d(&public, &o).reveal().await?, expected.1.clone(), 40.0 * ULP);
                close(s.public(xs, &values(xs, x_at)).conv2d(&w, &o).reveal().await?, expected.1.clone(), 40.0 * ULP);
                close(s.public(xs, &values(xs, x_at)).conv2d(&public, &o).await?, expected.1.clone(), 40.0 * ULP);
                Ok(())
            }));
        }
    }
}

#[test]
fn one_axis() {
    let o = Conv::default().stride(2).padding(1);
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, w) = (alice(&s, [2, 3, 8], x_at), bob(&s, [4, 3, 3], w_at));
        let rows = Conv { stride: [1, 2], padding: [0, 1], ..Conv::default() };
        let (x4, w4) = ([2, 3, 1, 8], [4, 3, 1, 3]);
        let expected = conv2d(&values(x4, x_at), x4, &values(w4, w_at), w4, &rows);
        let z = x.conv1d(&w, &o).reveal().await?;
        assert_eq!(z.shape(), [2, 4, 4]);
        close(z, expected.1, 30.0 * ULP);
        let (y, v4) = (alice(&s, [2, 4, 5], x_at), [2, 4, 1, 5]);
        let expected = transposed(&values(v4, x_at), v4, &values(w4, w_at), w4, &rows);
        let z = y.conv_transpose1d(&w, &o).reveal().await?;
        assert_eq!(z.shape(), [2, 3, 9]);
        close(z, expected.1, 30.0 * ULP);
        Ok(())
    }));
}

type Clear = fn(&[f64], [usize; 4], &[f64], [usize; 4], &Conv) -> ([usize; 4], Vec<f64>);

/// Two programs of x and w with one meaning.
struct Pair {
    xs: [usize; 4],
    ws: [usize; 4],
    options: Conv,
    secret: fn(&Tensor<Secret>, &Tensor<Secret>, &Conv) -> Tensor<Secret>,
    clear: Clear,
}

impl Pair {
    /// The gradients of `sum((z + 0.5)^2 / 8)` in x and w.
    fn check_gradients(&self) {
        let &Pair { xs, ws, options, secret, clear } = self;
        let loss =
            |x: &[f64], w: &[f64]| clear(x, xs, w, ws, &options).1.iter().map(|z| (z + 0.5).powi(2) / 8.0).sum::<f64>();
        let (x0, w0) = (values(xs, x_at), values(ws, w_at));
        let slope = |at: &dyn Fn(f64) -> f64| (at(1e-5) - at(-1e-5)) / 2e-5;
        let moved = |values: &[f64], k: usize, h: f64| {
            let mut values = values.to_vec();
            values[k] += h;
            values
        };
        let by_x: Vec<f64> = (0..x0.len()).map(|k| slope(&|h| loss(&moved(&x0, k, h), &w0))).collect();
        let by_w: Vec<f64> = (0..w0.len()).map(|k| slope(&|h| loss(&x0, &moved(&w0, k, h)))).collect();
        for parties in [2, 3] {
            agreed(Sim::new(parties).run(async |s: Session| {
                let (x, w) = (alice(&s, xs, x_at).requires_grad(), bob(&s, ws, w_at).requires_grad());
                let z = secret(&x, &w, &options) + 0.5;
                let gradients = ((&z * &z) * 0.125).sum().backward();
                close(gradients.of(&x).reveal().await?, by_x.clone(), 64.0 * ULP);
                close(gradients.of(&w).reveal().await?, by_w.clone(), 128.0 * ULP);
                Ok(())
            }));
        }
    }
}

#[test]
fn gradients() {
    let options = Conv::default().stride(2).padding(1).groups(2);
    Pair { xs: [2, 4, 5, 5], ws: [4, 2, 3, 3], options, secret: |x, w, o| x.conv2d(w, o), clear: conv2d }
        .check_gradients();
    let options = Conv { output_padding: [1, 1], ..options };
    Pair { xs: [2, 4, 3, 3], ws: [4, 1, 3, 3], options, secret: |x, w, o| x.conv_transpose2d(w, o), clear: transposed }
        .check_gradients();
}

#[test]
fn gradients_of_gradients_are_closed() {
    // The gradient of the weights is itself a product of x and the gradient of the result.
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, w) = (alice(&s, [1, 1, 3, 3], x_at).requires_grad(), bob(&s, [1, 1, 2, 2], w_at).requires_grad());
        let z = x.conv2d(&w, &Conv::default());
        let by_w = (&z * &z).sum().backward().of(&w);
        let again = by_w.sum().backward().of(&x).reveal().await?;
        let loss = |x: &[f64]| {
            let (_, z) = conv2d(x, [1, 1, 3, 3], &values([1, 1, 2, 2], w_at), [1, 1, 2, 2], &Conv::default());
            let term = |p: usize, k: usize| 2.0 * z[p] * x[(p / 2 + k / 2) * 3 + p % 2 + k % 2];
            (0..16).map(|at| term(at / 4, at % 4)).sum::<f64>()
        };
        let moved =
            |k: usize, h: f64| loss(&(0..9).map(|i| x_at(i) + if i == k { h } else { 0.0 }).collect::<Vec<_>>());
        close(again, (0..9).map(|k| (moved(k, 1e-5) - moved(k, -1e-5)) / 2e-5), 64.0 * ULP);
        Ok(())
    }));
}

#[test]
fn opens_its_operands_once_and_corrects_its_result_once() {
    let (xs, ws, out) = ([2, 3, 8, 8], [4, 3, 3, 3], 2 * 4 * 8 * 8);
    let (x_len, w_len) = (2 * 3 * 8 * 8, 4 * 3 * 9);
    let measure = async |s: &Session| {
        let (x, w) = (alice(s, xs, x_at), bob(s, ws, w_at));
        s.flush();
        let before = (s.traffic().total, s.dealer_sent());
        let _z = x.conv2d(&w, &Conv::default().padding(1));
        s.flush();
        let spent = s.traffic().total - before.0;
        (spent.rounds, spent.sent, s.dealer_sent() - before.1)
    };
    for parties in [2u64, 3] {
        let sim = Sim::new(parties as usize);
        let cost = agreed(sim.run(async |s: Session| Ok(measure(&s).await)));
        let (rescale, dealt) = if parties == 2 { (out / 8, 8 * out) } else { (8 * out, 16 * out) };
        assert_eq!(cost, (2, (parties - 1) * (8 * (x_len + w_len) + rescale), 8 * out + dealt));
        let counted = std::cell::Cell::new((0, 0, 0));
        sim.explain(async |s: Session| {
            counted.set(measure(&s).await);
            Ok(())
        })
        .unwrap();
        assert_eq!(counted.get(), cost);
    }
}

#[test]
fn a_bias_is_free_and_a_relu_is_fused() {
    // 8 bytes a result, 33 bits of the tree and one of the choice, as for a matrix product.
    let (xs, ws, out) = ([2, 3, 8, 8], [4, 3, 3, 3], 2 * 4 * 8 * 8);
    let o = Conv::default().padding(1);
    let plain = conv2d(&values(xs, x_at), xs, &values(ws, w_at), ws, &o).1;
    for parties in [2u64, 3] {
        agreed(Sim::new(parties as usize).run(async |s: Session| {
            let (x, w, bias) = (alice(&s, xs, x_at), bob(&s, ws, w_at), bob(&s, 4, |f| f as f64 - 1.5));
            s.flush();
            let before = s.traffic().total;
            let z = x.conv2d_plus(&w, &bias, &o).relu();
            s.flush();
            let spent = s.traffic().total - before;
            let operands = (2 * 3 * 8 * 8 + 4 * 3 * 9) as u64;
            assert_eq!((spent.rounds, spent.sent), (5, (parties - 1) * (8 * operands + 8 * out + 34 * out / 8)));
            let expected = plain.iter().enumerate().map(|(at, z)| (z + (at / 64 % 4) as f64 - 1.5).max(0.0));
            close(z.reveal().await?, expected, 40.0 * ULP);
            Ok(())
        }));
    }
    agreed(Sim::new(2).run(async |s: Session| {
        let (y, w) = (alice(&s, [1, 2, 3, 3], x_at), bob(&s, [2, 3, 2, 2], w_at));
        let bias = bob(&s, 3, |f| f as f64 - 1.5).requires_grad();
        let z = y.conv_transpose2d_plus(&w, &bias, &o);
        let difference = &z - &y.conv_transpose2d(&w, &o);
        close(difference.reveal().await?, (0..z.shape().len()).map(|at| (at / 4) as f64 - 1.5), 2.0 * ULP);
        close(z.sum().backward().of(&bias).reveal().await?, [4.0; 3], ULP);
        Ok(())
    }));
}

#[test]
fn the_dealer_refuses_sizes_that_do_not_fit() {
    let g = Geometry {
        images: 2,
        groups: 1,
        channels: 3,
        filters: 4,
        input: [8, 8],
        kernel: [3, 3],
        output: [6, 6],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
    };
    let need = |geometry, third, a, b| {
        let map = Bilinear::Conv { third, geometry };
        Need { op: 9, part: 0, kind: NeedKind::Product { map, a: Mask::fresh(1, 0, a), b: Mask::fresh(2, 0, b) } }
    };
    let (x, w, y) = g.lens().unwrap();
    assert!(need(g, Third::Output, x, w).check(2).is_ok());
    assert!(need(g, Third::Input, y, w).check(2).is_ok());
    assert!(need(g, Third::Weight, x, y).check(2).is_ok());
    assert!(need(g, Third::Output, x, y).check(2).is_err());
    assert!(need(g, Third::Output, x + 1, w).check(2).is_err());
    assert!(need(Geometry { stride: [usize::MAX, 1], ..g }, Third::Output, x, w).check(2).is_err());
    assert!(need(Geometry { output: [1 << 32, 1 << 32], ..g }, Third::Output, x, w).check(2).is_err());
    assert!(need(Geometry { output: [1 << 20, 1 << 20], ..g }, Third::Output, x, w).check(2).is_err());
}

#[test]
fn mistakes() {
    type Program = fn(&Tensor<Secret>, &Tensor<Secret>) -> Tensor<Secret>;
    let cases: [(Program, &str); 9] = [
        (|x, w| x.conv2d(&w.index(0, 0), &Conv::default()), "conv2d: the shapes do not fit: [images"),
        (|x, w| x.conv2d(w, &Conv::default().groups(2)), "conv2d: the shapes do not fit: 4 channels in 2 groups"),
        (|x, w| x.conv2d(w, &Conv::default().stride(0)), "conv2d: stride, dilation, groups and kernel must be"),
        (
            |x, w| x.conv2d(w, &Conv::default().dilation(4)),
            "conv2d: a kernel of 3 with stride 1, padding 0 and dilation 4",
        ),
        (|x, w| x.conv2d(w, &Conv::default().padding(usize::MAX)), "conv2d: a kernel of 3 with"),
        (|x, w| x.conv2d(w, &Conv::default().padding(1 << 40)), "conv2d: a convolution that is larger"),
        (|x, w| x.conv_transpose2d(w, &Conv::default().output_padding(1)), "conv_transpose2d: output padding [1, 1]"),
        (
            |x, w| x.conv2d_plus(w, &x.sum(), &Conv::default()),
            "conv: the shapes do not fit: a bias of one number for each",
        ),
        (|x, w| x.conv1d(w, &Conv::default()), "conv1d: the shapes do not fit: [images, channels, columns]"),
    ];
    for (program, expected) in cases {
        let seen = Sim::new(2).run(async |s: Session| {
            program(&alice(&s, [2, 4, 5, 6], x_at), &bob(&s, [4, 4, 3, 3], w_at)).reveal().await.map(|_| ())
        });
        match &seen[0] {
            Err(error @ Error::Usage { at, .. }) => {
                assert!(error.to_string().starts_with(expected), "{error}");
                assert!(at.file().ends_with("conv.rs") && at.file().contains("tests"), "{at}");
            }
            other => panic!("{other:?}"),
        }
    }
}
