//! `self.layer(x)` in `#[secure_model]`, and the scopes that calls are in.

use mpc::nn::{Apply, ApplyMut};
use mpc::prelude::*;
use mpc::sim::Sim;

parties! { compute Hospital, Lab; }

type Numbers = Tensor<Secret>;

fn linear(s: &Session, factor: f64) -> Linear {
    Linear::new(s.public([2, 2], &[factor, 0.0, 0.0, factor]).share(), None)
}

/// A layer of two arguments.
#[secure_model]
struct Mix {
    scale: Param,
}

#[secure_model]
impl Mix {
    fn forward(&self, a: &Numbers, b: Numbers) -> Numbers {
        (a - b) * &*self.scale
    }
}

/// A generic layer in a layer.
#[secure_model]
struct Residual<M> {
    inner: M,
}

#[secure_model]
impl<M: for<'a> Apply<(&'a Numbers,), Numbers>> Residual<M> {
    fn forward(&self, x: &Numbers) -> Numbers {
        self.inner(x) + x
    }
}

/// A layer that changes when it is called.
#[secure_model]
struct Counting {
    inner: Linear,
    #[skip]
    calls: usize,
}

#[secure_model]
impl Counting {
    fn forward(&mut self, x: &Numbers) -> Numbers {
        self.calls += 1;
        self.inner(x)
    }
}

#[secure_model]
struct Net {
    first: Linear,
    residual: Residual<Linear>,
    blocks: Vec<Linear>,
    boxed: Box<Linear>,
    mix: Mix,
    counting: Counting,
    r#type: Linear,
    twice: Linear,
    plain: Linear,
    #[skip]
    ends: Vec<fn(Numbers) -> Numbers>,
}

#[secure_model]
impl Net {
    fn forward(&self, x: &Numbers) -> Numbers {
        let y = self.first(x); // 2 x
        let y = self.residual(y); // 3 y = 6 x
        let y = self.blocks[1](&y); // 5 y = 30 x
        let mut y = self.mix(&y, y.clone() - 1.0); // 1 * 3
        for block in &self.blocks {
            y = block(y); // 1 and 5: 15
        }
        for end in &self.ends {
            y = end(y); // 17
        }
        let y = self.boxed(&y) + self.r#type(x) - x; // 17
        let y = vec![self.twice(&y)].remove(0); // a method: 34
        self.plain.forward(&self.plain.forward(&y))
    }

    fn exclusive(&mut self, x: &Numbers) -> Numbers {
        let x = self.counting(x);
        let x = self.counting(x);
        self.first(x)
    }
}

/// In another block, without the macro: a method goes before a field of its name.
impl Net {
    fn twice(&self, x: &Numbers) -> Numbers {
        x * 2.0
    }
}

fn net(s: &Session) -> Net {
    let scale = Param::new(s.public([2], &[3.0, 3.0]).share());
    Net {
        first: linear(s, 2.0),
        residual: Residual { inner: linear(s, 2.0) },
        blocks: vec![linear(s, 1.0), linear(s, 5.0)],
        boxed: Box::new(linear(s, 1.0)),
        mix: Mix { scale },
        counting: Counting { inner: linear(s, -1.0), calls: 0 },
        r#type: linear(s, 1.0),
        twice: linear(s, 100.0),
        plain: linear(s, 1.0),
        ends: vec![|x| x + 1.0, |x| x + 1.0],
    }
}

#[mpc::test]
async fn a_field_is_called_by_its_name(s: Session) -> mpc::Result<()> {
    let mut net = net(&s);
    let x = s.input::<Hospital>([1, 2], || vec![0.5, -1.0]).share();
    let seen = net.forward(&x).reveal().await?;
    assert!(seen.iter().all(|y| (y - 34.0).abs() < 1e-2), "{seen}");
    let seen = net.exclusive(&x).reveal().await?;
    assert!((seen[[0, 0]] - 1.0).abs() < 1e-3 && (seen[[0, 1]] + 2.0).abs() < 1e-3, "{seen}");
    assert_eq!(net.counting.calls, 2);
    Ok(())
}

/// A model is a layer for generic code too.
#[mpc::test]
async fn a_model_can_be_applied(s: Session) -> mpc::Result<()> {
    fn run<M: for<'a> ApplyMut<(&'a Numbers,), Numbers>>(model: &mut M, x: &Numbers) -> Numbers {
        model.apply_mut((x,))
    }
    let mut net = net(&s);
    let x = s.public([1, 2], &[1.0, 1.0]).share();
    let (one, other) = (run(&mut net, &x), run(&mut net.counting, &x));
    assert!((one.reveal().await?.sum() - 68.0).abs() < 0.1);
    assert!((other.reveal().await?.sum() + 2.0).abs() < 0.1);
    Ok(())
}

/// Layers reached through variables, however they got there.
#[mpc::test]
async fn a_variable_that_stands_for_a_field_is_called(s: Session) -> mpc::Result<()> {
    #[secure_model]
    struct Staged {
        first: Vec<Linear>,
        second: Vec<Linear>,
        shortcut: Option<Linear>,
        none: Option<Linear>,
    }

    #[secure_model]
    impl Staged {
        fn forward(&self, x: &Numbers) -> Numbers {
            let mut y = x.clone();
            for stage in [&self.first, &self.second] {
                for block in stage {
                    y = block(y); // 2, 3 and 5: 30 x
                }
            }
            let rest = match &self.shortcut {
                Some(shortcut) => shortcut(x), // 7 x
                None => x.clone(),
            };
            let last = &self.first[0];
            if let Some(layer) = self.none.as_ref() {
                y = layer(y);
            }
            last(y + rest) // 74 x
        }
    }

    let build = |s: &Session| Staged {
        first: vec![linear(s, 2.0), linear(s, 3.0)],
        second: vec![linear(s, 5.0)],
        shortcut: Some(linear(s, 7.0)),
        none: None,
    };
    let seen = build(&s).forward(&s.public([1, 2], &[1.0, -0.5]).share()).reveal().await?;
    assert!((seen[[0, 0]] - 74.0).abs() < 0.01 && (seen[[0, 1]] + 37.0).abs() < 0.01, "{seen}");
    let report = Sim::new(2)
        .explain(async |s: Session| build(&s).forward(&s.public([1, 2], &[1.0, 2.0]).share()).reveal().await)?;
    for field in ["shortcut", "first"] {
        let path = format!("Staged/{field}/");
        assert!(report.scopes.keys().any(|scope| scope.starts_with(&path)), "no {path} in {:?}", report.scopes.keys());
    }
    Ok(())
}

/// Where every step of a program is, in the words of a mistake.
#[test]
fn steps_are_named_after_model_and_field() {
    #[secure_model]
    struct Inner {
        linear: Linear,
    }

    #[secure_model]
    impl Inner {
        fn forward(&self, x: &Numbers) -> Numbers {
            let y = self.linear(x);
            y.reshape([7])
        }
    }

    #[secure_model]
    struct LeNet {
        conv2: Inner,
        fc: Vec<Linear>,
    }

    #[secure_model]
    impl LeNet {
        fn forward(&self, x: &Numbers, which: usize) -> Numbers {
            match which {
                0 => self.conv2(x),
                1 => self.conv2.forward(x),
                2 => self.fc[0](x.reshape([4])),
                3 => self.fc[which - 3].forward(&self.conv2(x)),
                _ => x.reshape([3]),
            }
        }
    }

    let seen = Sim::new(2).run(async |s: Session| {
        let net = LeNet { conv2: Inner { linear: linear(&s, 1.0) }, fc: vec![linear(&s, 1.0)] };
        let x = s.public([2, 2], &[1.0; 4]).share();
        let mut errors = Vec::new();
        for which in 0..5 {
            let _epoch = s.scope("epoch");
            errors.push(net.forward(&x, which).reveal().await.unwrap_err().to_string());
        }
        errors.push(net.conv2.forward(&x).reveal().await.unwrap_err().to_string());
        errors.push(x.reshape([5]).reveal().await.unwrap_err().to_string());
        Ok(errors)
    });
    let scopes = [
        "`epoch/LeNet/conv2/view`",
        "`epoch/LeNet/conv2/view`",
        "`epoch/LeNet/fc/matmul`, at tests/calls.rs:223:",
        "`epoch/LeNet/conv2/view`",
        "`epoch/LeNet/view`",
        "`Inner/view`",
        "`view`",
    ];
    for errors in seen {
        for (error, scope) in errors.unwrap().iter().zip(scopes) {
            assert!(error.contains(scope), "not {scope}: {error}");
        }
    }
}

/// The cost report has the same names.
#[test]
fn costs_are_reported_by_scope() {
    let report = Sim::new(2)
        .explain(async |s: Session| net(&s).forward(&s.public([1, 2], &[1.0, 2.0]).share()).reveal().await)
        .unwrap();
    let scopes: Vec<&str> = report.scopes.keys().map(|scope| &**scope).collect();
    for field in ["first", "residual/inner", "blocks", "mix", "boxed", "plain", "type"] {
        let path = format!("Net/{field}/");
        assert!(scopes.iter().any(|scope| scope.starts_with(&path)), "no {path} in {scopes:?}");
    }
}
