//! That freed memory is used again. In a process of its own: the setting is one of the process.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::{fs, hint::black_box};

/// Pages that this process has had to be given without reading them from anywhere: see proc_pid_stat(5).
fn faults() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().nth(7).unwrap().parse().unwrap()
}

#[test]
fn freed_arrays_are_used_again() {
    if std::env::vars_os().any(|(name, _)| name.to_string_lossy().starts_with("MALLOC_")) {
        return eprintln!("skipped: the allocator is set up from outside");
    }
    mpc_core::keep_freed_memory();
    let work = || drop(black_box(vec![1_u8; 48 << 20]));
    work();
    let before = faults();
    (0..10).for_each(|_| work());
    let pages = faults() - before;
    assert!(pages < 1000, "{pages} pages, of 122,880 that were written");
}
