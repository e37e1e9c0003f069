//! The operators: one file each, and one line here. A file holds the [`Op`](crate::op::Op), its documentation with cost
//! and error, its gradient, and the method of [`Handle`](crate::op::Handle) that records it.
//!
//! Costs are per element, N = 2, 64-bit ring, and refer to the steps of [`protocol::dealer`](crate::protocol::dealer).

mod activation;
mod add;
mod attach;
mod bce;
mod combine;
mod compare;
mod concat;
mod function;
mod input;
mod keep;
mod layer_norm;
mod logic;
mod matmul;
mod mul;
mod neg;
mod reveal;
mod select;
mod share;
mod softmax;
mod sub;
mod sum;
mod view;
mod wide;
