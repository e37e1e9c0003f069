//! The operators: one file each, and one line here. A file holds the [`Op`](crate::op::Op), its documentation with cost
//! and error, its gradient, and the method of [`Handle`](crate::op::Handle) that records it.
//!
//! Costs are per element, N = 2, 64-bit ring, and refer to the steps of [`protocol::dealer`](crate::protocol::dealer).

mod activation;
mod add;
mod all;
mod argmax;
mod attach;
mod batched;
mod bce;
mod combine;
mod compare;
mod concat;
mod conv;
mod custom;
mod einsum;
mod function;
mod input;
mod keep;
mod layer_norm;
mod logic;
mod matmul;
mod mul;
mod neg;
mod one_hot;
mod pick;
mod pool;
mod power;
mod random;
mod rearrange;
mod refuse;
mod restore;
mod reveal;
mod scatter;
mod select;
mod share;
mod softmax;
mod sort;
mod statistics;
mod sub;
mod sum;
mod view;
mod wide;

pub use conv::Conv;
pub use pool::Pool;
