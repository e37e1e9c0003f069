//! The operators: one file each, and one line here. A file holds the [`Op`](crate::op::Op), its documentation with cost
//! and error, its gradient, and the method of [`Handle`](crate::op::Handle) that records it.
//!
//! Costs are per element, N = 2, 64-bit ring, and refer to the steps of [`protocol::dealer`](crate::protocol::dealer).

mod add;
mod bce;
mod combine;
mod concat;
mod function;
mod input;
mod matmul;
mod mul;
mod neg;
mod reveal;
mod share;
mod step;
mod sub;
mod sum;
mod view;
