//! What code on tensors becomes. Look for: no construct is lost, the condition comes before the branches, a variable goes into
//! the branches only if both need it, and comes back only if one changes it.

use proc_macro2::TokenStream;
use quote::quote;

use super::{Expansion, code};
use crate::expand;

fn expanded(item: TokenStream) -> String {
    code(expand::model(TokenStream::new(), item))
}

/// The simplest case: `x` is used up in one branch only, so the closures need no help.
#[test]
fn an_if() {
    insta::assert_snapshot!(expanded(quote! {
        fn relu(x: Tensor<Secret>) -> Tensor<Secret> { if x > 0.0 { x } else { 0.0 } }
    }));
}

/// Both branches use up `x` and `y`: they are handed to each.
#[test]
fn used_up_in_both() {
    insta::assert_snapshot!(expanded(quote! {
        fn larger(x: Tensor<Secret>, y: Tensor<Secret>) -> Tensor<Secret> { if x > y { x - y } else { y - x } }
    }));
}

/// `b` is read through a shared borrow: no method called `relu` can change it there, whatever its type.
#[test]
fn a_method_that_only_reads() {
    insta::assert_snapshot!(expanded(quote! {
        fn scaled(c: &Tensor<Secret>, mut b: Tensor<Secret>) -> Tensor<Secret> {
            b *= if c > 0.0 { b.relu() } else { 1.0 };
            b
        }
    }));
}

/// `total` is changed: it goes in, `mut` where it changes, and comes back in `Kept`.
#[test]
fn changed_without_else() {
    insta::assert_snapshot!(expanded(quote! {
        fn count(x: &Tensor<Secret>) -> Tensor<Secret> {
            let mut total = x * 0.0;
            if x > 1.0 { total += 1.0; }
            total
        }
    }));
}

/// A value and a change at once.
#[test]
fn changed_with_a_value() {
    insta::assert_snapshot!(expanded(quote! {
        fn both(x: &Tensor<Secret>) -> Tensor<Secret> {
            let mut total = x * 0.0;
            let y = if x > 1.0 { total += 1.0; x * 2.0 } else { x * 3.0 };
            total + y
        }
    }));
}

/// `sign` has no value before the `if`: each branch declares its own.
#[test]
fn assigned_for_the_first_time() {
    insta::assert_snapshot!(expanded(quote! {
        fn sign(x: &Tensor<Secret>) -> Tensor<Secret> {
            let sign;
            if x < 0.0 { sign = x * 0.0 - 1.0; } else { sign = x * 0.0 + 1.0; }
            sign
        }
    }));
}

/// An `else if` is an `if` within the closure of the `else`.
#[test]
fn a_chain() {
    insta::assert_snapshot!(expanded(quote! {
        fn steps(x: &Tensor<Secret>) -> Tensor<Secret> {
            if x < -1.0 { x * 1.0 } else if x == 0.0 { x * 2.0 } else { x * 3.0 }
        }
    }));
}

/// The inner `if` changes a variable of the function, so both levels hand it through.
#[test]
fn nested_changes() {
    insta::assert_snapshot!(expanded(quote! {
        fn nested(x: &Tensor<Secret>, mut y: Tensor<Secret>) -> Tensor<Secret> {
            if x > 0.0 { if x > 1.0 { y = y * 2.0; } else { y = y * 3.0; } }
            y
        }
    }));
}

/// `&&` and `||` take closures; `!` is an operator of bits already.
#[test]
fn logic() {
    insta::assert_snapshot!(expanded(quote! {
        fn inside(x: &Tensor<Secret>, wide: bool) -> Tensor<Secret, Bit> { wide || x >= 0.0 && !(x > 1.0 + 2.0) }
    }));
}

/// A branch that leaves keeps its `if`, for public conditions.
#[test]
fn leaving_early() {
    insta::assert_snapshot!(expanded(quote! {
        fn early(x: Tensor<Secret>, depth: usize) -> Result<Tensor<Secret>, Error> {
            for at in 0..depth {
                if at > 3 { break; } else if at == 2 { continue; }
                if check(at)? && depth > 1 { return Ok(x); }
            }
            Ok(x)
        }
    }));
}

/// A `break` of the branch's own loop does not leave the branch.
#[test]
fn a_loop_within_a_branch() {
    insta::assert_snapshot!(expanded(quote! {
        fn within(x: Tensor<Secret>) -> Tensor<Secret> {
            if x > 0.0 { loop { break x; } } else { 0.0 }
        }
    }));
}

/// Effects keep their `if` too: printing, a field, a call for nothing, a change through `&mut`.
#[test]
fn effects() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn watch(&mut self, verbose: bool, out: &mut Vec<f64>) {
                if verbose { println!("on"); }
                if verbose { self.count += 1; }
                if verbose { self.seen.clear(); }
                if verbose { out.push(1.0) }
            }
        }
    }));
}

/// A method call for nothing on a local variable may change it: the variable goes in and comes back.
#[test]
fn a_list_that_grows() {
    insta::assert_snapshot!(expanded(quote! {
        fn collect(flag: bool, a: Plain, b: Plain) -> Vec<Plain> {
            let mut list = Vec::new();
            if flag { list.push(a); } else { list.push(b); }
            list
        }
    }));
}

/// `while`, `match` with literals, guards and indices ask for public values; `if let` and other patterns stay.
#[test]
fn public_places() {
    insta::assert_snapshot!(expanded(quote! {
        fn public(table: &[Tensor<Secret>], mut n: usize, bias: Option<f64>) -> Tensor<Secret> {
            while n > 3 { n -= 1; }
            let at = match n { 0 => 1, other if other > 2 => 2, _ => n };
            if let Some(bias) = bias { return &table[0] + bias; }
            match bias { Some(_) => table[at].clone(), None => table[n - 1].clone() }
        }
    }));
}

/// Items within a function keep their meaning; closures are part of it.
#[test]
fn closures_and_items() {
    insta::assert_snapshot!(expanded(quote! {
        fn outer(x: Vec<Tensor<Secret>>) -> Vec<Tensor<Secret>> {
            fn inner(a: i32) -> bool { a > 1 }
            x.into_iter().map(|x| if x > 0.0 { x } else { 0.0 }).collect()
        }
    }));
}

/// `self.conv(x)` stays as it is: a trait before it makes the field callable, where no method has its name. `helper` is a method
/// of this block and needs none, and neither does a call without arguments.
#[test]
fn a_field_is_called() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn features(&self, x: &Tensor<Secret>) -> Tensor<Secret> { self.helper(self.conv(x), self.depth()) }
            fn helper(&self, x: Tensor<Secret>, n: usize) -> Tensor<Secret> { self.mix(x, n) }
        }
    }));
}

/// With `&mut self` the layer may change: the traits take `&mut` as well.
#[test]
fn a_field_is_called_and_may_change() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn step(&mut self, x: &Tensor<Secret>) -> Tensor<Secret> { self.norm(x) }
        }
    }));
}

/// A `forward` enters the scope of its type, and makes the type a layer: with its argument by reference, or by value.
#[test]
fn a_forward() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            pub fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> { x * 2.0 }
        }
    }));
}

/// Generics of the block and of the method go together; several arguments have the types that they are declared with.
#[test]
fn a_generic_forward() {
    insta::assert_snapshot!(expanded(quote! {
        impl<'m, M: Clone> Net<'m, M> where M: Module {
            fn forward<V: Visibility>(&mut self, q: &Tensor<V>, (k, v): (Tensor<V>, Tensor<V>)) -> Tensor<V> where V: Join<V> { q * k * v }
        }
    }));
}

/// What has no types that could be written down is no layer, and is called by `.forward(x)`; what waits has no scope.
#[test]
fn a_forward_that_is_no_layer() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            async fn forward(&self, x: &Tensor<Secret>) -> Result<f64> { x.reveal().item().await }
        }
    }));
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn forward(&self, x: impl Into<Tensor<Secret>>) -> Tensor<Secret> { x.into() }
        }
    }));
}

/// The scope of a field that is called by its own method: the arguments come before, in scopes of their own.
#[test]
fn forward_of_a_field() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn logits(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
                self.out.forward(&self.blocks[1].forward(x, 2))
            }
        }
    }));
}

/// Elements of a list, and what a loop over a field binds, may be layers or closures: the types tell.
#[test]
fn layers_of_a_list() {
    insta::assert_snapshot!(expanded(quote! {
        impl Net {
            fn deep(&self, mut x: Tensor<Secret>, f: fn(usize) -> usize) -> Tensor<Secret> {
                for (at, block) in self.blocks.iter().enumerate() { x = block(x, f(at)); }
                self.blocks[0](x, 1)
            }
        }
    }));
}

/// The elements of a `vec![..]` are code like any other; an `assert!` asks for a `bool`. Other macros stay as they are.
#[test]
fn macros() {
    insta::assert_snapshot!(expanded(quote! {
        fn list(x: &Tensor<Secret>, n: usize) -> Vec<Tensor<Secret>> {
            assert!(n > 0, "at least one, not {}", n);
            println!("{}", n > 1);
            vec![if x > 0.0 { x * 1.0 } else { x * 2.0 }, x * 3.0]
        }
    }));
}

/// Tuples, closures' own variables, and a nested block that shadows an outer name: the inner `y` is not handed back.
#[test]
fn shadowing() {
    insta::assert_snapshot!(expanded(quote! {
        fn shadow(x: &Tensor<Secret>, mut y: Tensor<Secret>) -> Tensor<Secret> {
            if x > 0.0 { let mut y = x * 2.0; y += 1.0; drop_it(&y) } else { y = x * 3.0; drop_it(&y) }
        }
    }));
}

/// A labelled break of an outer loop leaves the branch: the `if` stays one.
#[test]
fn a_labelled_break() {
    insta::assert_snapshot!(expanded(quote! {
        fn search(x: &[f64]) -> usize {
            'outer: for at in 0..3 { for row in x { if *row > 1.0 { break 'outer; } } }
            x.len()
        }
    }));
}

/// Places of a tuple are changed one by one.
#[test]
fn a_tuple_assignment() {
    insta::assert_snapshot!(expanded(quote! {
        fn swap(x: &Tensor<Secret>, mut a: Tensor<Secret>, mut b: Tensor<Secret>) -> Tensor<Secret> {
            if x > 0.0 { (a, b) = (b.clone(), a.clone()); }
            a - b
        }
    }));
}

#[test]
fn unsafe_code_and_arguments_are_refused_together() {
    let item = quote! { fn read(x: u8) -> u8 { let a = unsafe { x }; unsafe { a } } };
    let errors = Expansion::of(expand::model(quote!(fast), item)).errors_keeping(&["fn read"]);
    let refused = "`unsafe` code can read what is secret: move it out of `#[secure_model]`, into a function of its own";
    assert_eq!(errors, ["`secure_model` takes no arguments", refused, refused]);
}
