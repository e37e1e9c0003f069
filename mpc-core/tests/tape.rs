//! The tape: a tensor used twice, backward twice, gradients of one's own.

mod common;

use common::{ULP, agreed, alice, bob, close};
use mpc_core::{Error, Result, Secret, Session, Tensor, sim::Sim};

const X: [f64; 4] = [0.5, -1.25, 2.0, -0.75];

fn values(x: Tensor<Secret>) -> impl Future<Output = Result<Vec<f64>>> {
    let x = x.reveal();
    async move { Ok(x.await?.into_raw_vec_and_offset().0) }
}

#[test]
fn gradients_of_all_uses_of_a_tensor_add_up() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, 4, |at| X[at]).requires_grad();
            let w = bob(&s, 4, |at| at as f64 - 1.0);
            let hidden = &x * &w; // used three times, by three kinds of ops
            let loss = (&hidden * &hidden + &hidden.slice(0, 0..4) * 0.5).sum() + hidden.relu().sum() + x.sum();
            let found = values(loss.backward().of(&x)).await?;
            let expected = X.iter().enumerate().map(|(at, x)| {
                let w = at as f64 - 1.0;
                w * (2.0 * x * w + 0.5 + f64::from(u8::from(x * w > 0.0))) + 1.0
            });
            close(found, expected, 4.0 * ULP);
            Ok(())
        }));
    }
}

/// The tape stays: a second pass finds the same, and what was opened in the first is not opened again.
#[test]
fn backward_goes_twice() {
    agreed(Sim::new(2).run(async |s: Session| {
        let x = alice(&s, [64, 4], |at| X[at % 4]).requires_grad();
        let w = bob(&s, [4, 8], |at| (at as f64).sin()).requires_grad();
        let y = x.matmul(&w);
        let loss = (&y * &y).sum();
        let pass = async || {
            let before = s.traffic().total;
            let gradients = loss.backward();
            let found = [values(gradients.of(&x)).await?, values(gradients.of(&w)).await?].concat();
            let after = s.traffic().total;
            Ok::<_, Error>((found, after.sent - before.sent))
        };
        let ((first, sent), (second, again)) = (pass().await?, pass().await?);
        close(second, first, 2.0 * ULP);
        // The opening of y is there: it is 2 y that is multiplied with x and w, by the wire of y.
        assert!(again < sent, "{again} bytes again, {sent} at first");
        // Of another loss on the same tape.
        let half = (y.sum() * 0.5).backward();
        let expected = (0..4).map(|at| 0.5 * X[at] * 64.0).flat_map(|g| [g; 8]);
        close(values(half.of(&w)).await?, expected, 1e-2);
        Ok(())
    }));
}

#[test]
fn a_gradient_of_ones_own_takes_the_place_of_the_derived_one() {
    for parties in [2, 3] {
        agreed(Sim::new(parties).run(async |s: Session| {
            let x = alice(&s, 4, |at| X[at]).requires_grad();
            let w = bob(&s, 4, |at| 0.5 + at as f64).requires_grad();
            let odd =
                Tensor::custom_vjp("odd", [&x, &w], |[x, w]| x * w, |grad, [x, w], y| [grad * 3.0 + x, grad * w + y]);
            let loss = (&odd * 2.0).sum();
            let gradients = loss.backward();
            let (dx, dw) = (gradients.of(&x), gradients.of(&w));
            let weight = |at: usize| 0.5 + at as f64;
            close(values(odd).await?, (0..4).map(|at| X[at] * weight(at)), 4.0 * ULP);
            close(values(dx).await?, X.iter().map(|x| 6.0 + x), 2.0 * ULP);
            close(values(dw).await?, (0..4).map(|at| 2.0 * weight(at) + X[at] * weight(at)), 6.0 * ULP);
            Ok(())
        }));
    }
}

/// With the derivative for a rule, values, gradients, gradients of gradients and costs are those of the derived one.
#[test]
fn the_true_gradient_as_a_rule_costs_what_the_derived_one_costs() {
    let run = |custom: bool| {
        agreed(Sim::new(2).seed(3).run(async |s: Session| {
            let (x, w) = (alice(&s, 4, |at| X[at]).requires_grad(), bob(&s, 4, |at| 0.5 + at as f64).requires_grad());
            let product = match custom {
                true => Tensor::custom_vjp("product", [&x, &w], |[x, w]| x * w, |grad, [x, w], _| [grad * w, grad * x]),
                false => &x * &w,
            };
            let dx = (&product * &product).sum().backward().of(&x); // 2 x w^2
            let dw = dx.sum().backward().of(&w); // 4 x w
            let found = [values(dx).await?, values(dw).await?].concat();
            let cost = s.traffic().total;
            Ok((found, (cost.rounds, cost.sent, s.dealer_sent())))
        }))
    };
    let ((found, custom), (expected, derived)) = (run(true), run(false));
    close(found, expected, 16.0 * ULP);
    assert_eq!(custom, derived);
}

#[test]
fn what_nobody_asks_of_a_rule_is_not_computed() {
    agreed(Sim::new(2).run(async |s: Session| {
        let (x, w) = (alice(&s, 4, |at| X[at]).requires_grad(), bob(&s, 4, |at| at as f64).requires_grad());
        let y = Tensor::custom_vjp("half", [&x, &w], |[x, _]| x.clone(), |grad, [_, w], _| [grad.clone(), w.exp()]);
        close(values(y.sum().backward().of(&x)).await?, [1.0; 4], 0.0);
        assert_eq!(s.traffic().total.rounds, 1, "the reveal alone");
        Ok(())
    }));
}

#[test]
fn a_gradient_of_another_shape_is_an_error_that_names_the_call() {
    let seen = Sim::new(2).run(async |s: Session| {
        let x = alice(&s, 4, |at| X[at]).requires_grad();
        let y = Tensor::custom_vjp("summed", [&x], |[x]| x.sum(), |grad, _, _| [grad.clone()]);
        values(y.backward().of(&x)).await
    });
    let error = seen[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("summed") && error.contains("input 0") && error.contains("tape.rs"), "{error}");
}
