//! Machine learning on data that nobody may see.
extern crate self as mpc;
