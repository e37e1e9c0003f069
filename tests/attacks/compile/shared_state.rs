//! Attack: leave a mark in a static, a `Cell`, a `RefCell` or `self`.
use mpc::prelude::*;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};

static SEEN: AtomicBool = AtomicBool::new(false);

#[secure_model]
fn a_static(x: Tensor<Secret>) {
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        SEEN.store(true, Ordering::Relaxed);
    }
}

#[secure_model]
fn a_cell(x: Tensor<Secret>, seen: &Cell<bool>) {
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        seen.set(true);
    }
}

#[secure_model]
fn a_list(x: Tensor<Secret>, seen: &RefCell<Vec<&str>>) {
    if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
        seen.borrow_mut().push("positive");
    }
}

struct Model {
    seen: bool,
}

#[secure_model]
impl Model {
    fn a_field(&mut self, x: Tensor<Secret>) {
        if x > 0.0 { //~ a branch of an `if` on a tensor has a side effect
            self.seen = true;
        }
    }
}

fn main() {
    let _ = (a_static, a_cell, a_list, Model::a_field);
}
