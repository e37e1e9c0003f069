//! What compiles, without a warning where a file says so. One binary of this package: as cases of trybuild these would make it
//! build all dependencies with code, and every refused case by itself.

#![allow(unreachable_pub, dead_code, reason = "items of libraries and models, here in a binary")]

mod calls;
mod debug;
mod entry;
mod entry_arguments;
mod lang_constructs;
mod lang_lints;
mod lints;
mod model;
mod parties;
mod tests;
mod visibility;
