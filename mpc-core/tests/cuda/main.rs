//! The CUDA backend against that of the CPU, to the last bit: every kernel on random numbers and edges, and whole sessions.
//!
//! Without a GPU the driver is an emulator (mpc-core/cuda/emulator), which a C++ compiler makes of the kernels' own sources;
//! its second GPU is an old one. With `MPC_TEST_GPU=1` the driver is the machine's own.

#[path = "../common/mod.rs"]
mod common;
mod dealer;
mod emulator;
mod exponentials;
mod failures;
mod kept;
mod kernels;
mod ptx;
mod sessions;
mod travel;
