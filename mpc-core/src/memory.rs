//! Memory that is freed and soon wanted again.

/// What is kept at most beyond what is in use, in the main heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const KEPT: i32 = 256 << 20;

/// Asks glibc's allocator, if that is the one, to keep large blocks that are freed, up to 256 MiB of them, instead of giving
/// each back to the system. A computation on shares makes and drops arrays of megabytes all the time; without this, half of
/// the processor time of elementwise work goes into page faults. The peak of memory in use stays the same.
///
/// It is a setting of the whole process, so no session makes it: `mpc::launch` and the command `mpc` do, which own theirs. A
/// program with a `main` of its own may call it first thing. Does nothing with another allocator or system, or if the
/// allocator has been set up from outside (`MALLOC_*`, `GLIBC_TUNABLES`).
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "a call of the C library")]
fn glibc() {
    use std::os::unix::ffi::OsStrExt;
    let from_outside = |name: &[u8]| name.starts_with(b"MALLOC_") || name == b"GLIBC_TUNABLES";
    if std::env::vars_os().any(|(name, _)| from_outside(name.as_bytes())) {
        return;
    }
    // SAFETY: two numbers go in, and a flag comes out that says whether they were taken. Any thread may call it at any time.
    let kept = unsafe { libc::mallopt(libc::M_MMAP_MAX, 0) == 1 && libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT) == 1 };
    tracing::debug!(kept, "memory that is freed is kept");
}
