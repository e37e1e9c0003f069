//! `#[secure_model]` on functions: what the program computes on shares is what it computes in the clear.

use mpc::core::Bit;
use mpc::prelude::*;
use mpc::{Protocol, sim::Sim};

parties! { compute Hospital, Lab; }

type Numbers = Tensor<Secret>;

const X: [f64; 6] = [-2.5, -1.0, -0.25, 0.0, 0.5, 3.0];
const Y: [f64; 6] = [1.0, -1.0, 0.0, 0.0, -4.0, 2.0];

/// Runs `program` on shares of X and Y, and on the same numbers in the clear, and compares with `expected`, element by element.
#[track_caller]
fn check(program: fn(Numbers, Numbers) -> Numbers, expected: fn(f64, f64) -> f64) {
    for protocol in [Protocol::Dealer, Protocol::Plain] {
        for private in [true, false] {
            let seen = Sim::new(2).seed(1).protocol(protocol).run(async |s: Session| {
                let (x, y) = if private {
                    (s.input::<Hospital>(6, || X.to_vec()).share(), s.input::<Lab>(6, || Y.to_vec()).share())
                } else {
                    // The twin: public numbers, for debugging.
                    (s.public(6, &X).share(), s.public(6, &Y).share())
                };
                program(x, y).reveal().await
            });
            for party in seen {
                let found = party.unwrap();
                assert_eq!(found.len(), 6);
                for (at, found) in found.iter().enumerate() {
                    let expected = expected(X[at], Y[at]);
                    assert!(
                        (found - expected).abs() < 2e-4,
                        "{protocol:?}, {}, {}: {found} is not {expected}",
                        X[at],
                        Y[at]
                    );
                }
            }
        }
    }
}

#[secure_model]
fn relu(x: Numbers, _: Numbers) -> Numbers {
    if x > 0.0 { x } else { 0.0 }
}

#[secure_model]
fn leaky(x: &Numbers) -> Numbers {
    if *x >= 0.0 { x.clone() } else { x * 0.25 }
}

#[secure_model]
fn larger(x: Numbers, y: Numbers) -> Numbers {
    if x > y { x } else { y }
}

#[test]
fn an_if_chooses() {
    check(relu, |x, _| x.max(0.0));
    check(|x, _| leaky(&x), |x, _| if x >= 0.0 { x } else { 0.25 * x });
    check(larger, f64::max);
}

/// Methods that only read do not make a `mut` variable a changed one.
#[secure_model]
fn read_in_branches(mut x: Numbers, y: Numbers) -> Numbers {
    x *= if y > 0.5 { x.relu() + x.reshape([6]) } else { 2.0 };
    let mut list = vec![x.clone(), y];
    let more = if list[1] > 0.0 { list[0].abs() } else { list[1].square() };
    list[0] += more;
    list.swap_remove(0)
}

struct Tally {
    total: Numbers,
}

#[secure_model]
impl Tally {
    fn add(&mut self, x: &Numbers) {
        let more = if *x > 0.0 { self.total.square() + x } else { self.total.abs() };
        self.total = more;
    }
}

#[test]
fn what_only_reads_changes_nothing() {
    check(read_in_branches, |x, y| {
        let x = x * if y > 0.5 { x.max(0.0) + x } else { 2.0 };
        x + if y > 0.0 { x.abs() } else { y * y }
    });
    let tallied = |x: Numbers, y: Numbers| {
        let mut tally = Tally { total: y };
        tally.add(&x);
        tally.total
    };
    check(tallied, |x, y| if x > 0.0 { y * y + x } else { y.abs() });
}

/// One branch changes what the other uses up, or what it ends with itself: no clone is the user's worry.
#[secure_model]
fn used_up_and_changed(mut x: Numbers, y: Numbers) -> Numbers {
    let first = if y > 0.0 {
        x += 1.0;
        x
    } else {
        x
    };
    let mut twice = y;
    let second = if first > 0.5 {
        let old = twice;
        old + 1.0
    } else {
        twice *= 2.0;
        twice
    };
    first + second
}

#[test]
fn what_one_branch_uses_up_the_other_may_change() {
    check(used_up_and_changed, |x, y| {
        let first = if y > 0.0 { x + 1.0 } else { x };
        first + if first > 0.5 { y + 1.0 } else { y * 2.0 }
    });
}

#[secure_model]
fn nested(x: Numbers, y: Numbers) -> Numbers {
    if x > 0.0 {
        if y > 0.0 { &x + &y } else { x - y }
    } else {
        let double = y * 2.0;
        if x == -1.0 { double } else { -double }
    }
}

#[test]
fn ifs_within_ifs() {
    check(nested, |x, y| {
        if x > 0.0 {
            if y > 0.0 { x + y } else { x - y }
        } else if x == -1.0 {
            2.0 * y
        } else {
            -2.0 * y
        }
    });
}

#[secure_model]
fn chain(x: Numbers, y: Numbers) -> Numbers {
    if x < -2.0 {
        y
    } else if x <= -1.0 {
        1.5
    } else if x != 0.0 {
        x
    } else {
        -7.0
    }
}

#[test]
fn chains() {
    check(chain, |x, y| {
        if x < -2.0 {
            y
        } else if x <= -1.0 {
            1.5
        } else if x != 0.0 {
            x
        } else {
            -7.0
        }
    });
}

#[secure_model]
fn assigned(x: Numbers, mut y: Numbers) -> Numbers {
    let mut total = &x + 1.0;
    if x > 0.0 {
        total += 10.0;
        y *= 2.0;
    }
    let sign;
    if y < 0.0 {
        total -= 0.5;
        sign = &x * 0.0 - 1.0;
    } else {
        sign = &x * 0.0 + 1.0;
    }
    total * sign + y
}

#[test]
fn assignments() {
    check(assigned, |x, mut y| {
        let mut total = x + 1.0;
        if x > 0.0 {
            total += 10.0;
            y *= 2.0;
        }
        let sign = if y < 0.0 {
            total -= 0.5;
            -1.0
        } else {
            1.0
        };
        total * sign + y
    });
}

#[secure_model]
fn tuples(x: Numbers, y: Numbers) -> Numbers {
    let (small, [large, _]) = if x < y { (x, [y.clone(), y]) } else { (y, [x.clone(), x]) };
    large - small
}

#[secure_model]
fn lists(x: Numbers, y: Numbers) -> Numbers {
    let mut list = Vec::new();
    for k in 0..3 {
        if k % 2 == 0 {
            list.push(&x * f64::from(k));
        } else {
            list.push(y.clone());
        }
    }
    if x > 0.0 {
        list[1] = &y + 1.0;
    }
    let swapped = if y > 0.0 { vec![list[2].clone(), list[1].clone()] } else { vec![list[1].clone(), list[2].clone()] };
    &swapped[0] * 3.0 + &swapped[1]
}

#[test]
fn tuples_and_lists() {
    check(tuples, |x, y| (x - y).abs());
    check(lists, |x, y| {
        let (a, b) = (if x > 0.0 { y + 1.0 } else { y }, 2.0 * x);
        if y > 0.0 { 3.0 * b + a } else { 3.0 * a + b }
    });
}

#[secure_model]
fn logic(x: Numbers, y: Numbers) -> Numbers {
    let inside: Tensor<Secret, Bit> = x > -2.0 && 1.0 >= x;
    let flag = 2 > 1;
    let a = if inside && !(y == 0.0) || x == y { 1.0 } else { 0.0 };
    let b = if flag && x > 0.0 { 2.0 } else { 0.0 };
    let c = if !flag && x > 0.0 { 4.0 } else { 0.0 };
    let d = if x > 0.0 || flag { 8.0 } else { 0.0 };
    a + b + c + d
}

#[test]
fn and_or_not() {
    check(logic, |x, y| {
        let a = if x > -2.0 && x <= 1.0 && y != 0.0 || x == y { 1.0 } else { 0.0 };
        a + if x > 0.0 { 2.0 } else { 0.0 } + 8.0
    });
}

#[secure_model]
fn public(x: Numbers, y: Numbers) -> Numbers {
    let steps = 3;
    let name = String::from("deep");
    let mut x = x;
    for step in 0..steps {
        if step == 1 {
            continue;
        }
        if x > 1.0 {
            x *= 0.5;
            let mut left = 2;
            while left > 0 {
                left -= 1;
                if left == 1 && name == "deep" {
                    x += 0.125;
                }
            }
        }
    }
    if steps < 2 {
        return y;
    }
    let factor = if name.len() > 3 { 2 } else { 1 };
    let bias = match factor {
        1 => 0.0,
        n if n > 1 => 0.25,
        _ => 0.5,
    };
    if let Some(more) = Some(1.0)
        && factor == 2
    {
        x += more;
    }
    x * f64::from(factor) + bias
}

#[test]
fn public_values_stay_native() {
    check(public, |mut x, _| {
        for _ in 0..2 {
            if x > 1.0 {
                x = 0.5f64.mul_add(x, 0.125);
            }
        }
        (x + 1.0) * 2.0 + 0.25
    });
}

/// Lists that end with different lengths are a mistake, which whoever reads an element hears of.
#[secure_model]
fn unequal(x: &Numbers) -> Vec<Numbers> {
    let mut list = vec![x.clone()];
    if *x > 0.0 {
        list.push(x * 2.0);
    }
    list
}

#[test]
fn a_length_is_public() {
    for seen in Sim::new(2).run(async |s: Session| {
        let list = unequal(&s.public(6, &X).share());
        assert_eq!(list.len(), 2);
        let mut errors = Vec::new();
        for numbers in list {
            errors.push(numbers.reveal().await.unwrap_err().to_string());
        }
        Ok(errors)
    }) {
        for error in seen.unwrap() {
            assert!(error.contains("lists of 2 and 1 values") && error.contains("language.rs"), "{error}");
        }
    }
}

/// A variable that a branch only looks at is not merged: an `if` for nothing costs what its condition costs.
#[secure_model]
fn looked_at(x: &Numbers, mut y: Numbers) -> Numbers {
    y += 1.0;
    if *x > 0.0 {
        let _ = y.sum();
    }
    y
}

#[test]
fn what_does_not_change_is_free() {
    let traffic = |program: fn(&Numbers, Numbers) -> Numbers| {
        Sim::new(2)
            .explain(async |s: Session| {
                let (x, y) = (s.public(6, &X).share(), s.public(6, &Y).share());
                program(&x, y).reveal().await
            })
            .unwrap()
    };
    assert_eq!(traffic(looked_at).total.rounds, traffic(|_, y| y + 1.0).total.rounds);
}

/// Bits and tensors of shapes that broadcast.
#[test]
fn shapes_broadcast() {
    #[secure_model]
    fn keep_rows(x: &Numbers, limit: &Numbers) -> Numbers {
        if *x > *limit { x.clone() } else { 0.5 }
    }
    for seen in Sim::new(2).run(async |s: Session| {
        let x = s.public([2, 3], &X).share();
        keep_rows(&x, &s.public([2, 1], &[-2.0, 0.25]).share()).reveal().await
    }) {
        let found = seen.unwrap();
        assert_eq!(found.shape(), [2, 3]);
        for (found, expected) in found.iter().zip([0.5, -1.0, -0.25, 0.5, 0.5, 3.0]) {
            assert!((found - expected).abs() < 1e-4, "{found} is not {expected}");
        }
    }
}

/// A struct is chosen field by field, as a value and as a variable, nested and generic.
#[derive(Clone, Select)]
struct Best<T> {
    value: T,
    from: Origin,
    history: Vec<T>,
}

#[derive(Clone, Select)]
struct Origin(Numbers, (Numbers, Tensor<Secret, Bit>));

#[secure_model]
fn best(x: Numbers, y: Numbers) -> Numbers {
    let of = |value: &Numbers, from: f64| Best {
        value: value.clone(),
        from: Origin(value * 0.0 + from, (value + 1.0, value > 0.0)),
        history: vec![value.clone()],
    };
    let (a, b) = (of(&x, 1.0), of(&y, 2.0));
    let mut best = if a.value > b.value { a } else { b };
    if best.from.0 == 2.0 {
        best.value += 10.0;
        best.history[0] = best.history[0].clone() * 3.0;
    }
    let Best { value, from: Origin(from, (more, positive)), history } = best;
    let sign = if positive { 100.0 } else { 0.0 };
    value + from * 1000.0 + more + sign + &history[0]
}

#[test]
fn structs() {
    check(best, |x, y| {
        let (m, from) = if x > y { (x, 1.0) } else { (y, 2.0) };
        let (value, history) = if from == 2.0 { (m + 10.0, 3.0 * m) } else { (m, m) };
        value + 1000.0 * from + m + 1.0 + if m > 0.0 { 100.0 } else { 0.0 } + history
    });
}

/// A name of the branch's own stands before an outer one only within the branch.
#[secure_model]
fn shadows(x: Numbers, mut y: Numbers) -> Numbers {
    if x > 0.0 {
        y += 1.0;
        let mut y = &y * 100.0;
        y += 1.0;
        let _ = y;
    } else {
        let x = &x + 5.0;
        y = x;
    }
    y + x
}

/// The elements of a list are code, like what an assertion asserts.
#[secure_model]
fn in_macros(x: Numbers, y: Numbers) -> Numbers {
    assert!(x.shape().len() == 6 && y.shape().len() == 6, "{} elements", 6);
    let list = vec![if x > 0.0 { x.clone() } else { y.clone() }, if x > y { x.clone() } else { y }];
    list.into_iter().fold(0.0 * x, |sum, x| sum + x)
}

#[test]
fn shadowing_and_macros() {
    check(shadows, |x, y| if x > 0.0 { y + 1.0 + x } else { x + 5.0 + x });
    check(in_macros, |x, y| (if x > 0.0 { x } else { y }) + x.max(y));
}
