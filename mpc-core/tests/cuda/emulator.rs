//! The driver of these tests.

use mpc_core::backend::cuda;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The GPUs that there are, by a driver that is there.
pub(crate) fn gpus() -> std::ops::Range<usize> {
    static COUNT: OnceLock<usize> = OnceLock::new();
    let find = || {
        if env::var_os("MPC_TEST_GPU").is_none() {
            assert!(cuda::use_library(&build()), "the emulator is the first library of this process");
        }
        cuda::count().expect("a driver")
    };
    0..*COUNT.get_or_init(find)
}

/// Compiles the emulator. The file is renamed when it is whole: other tests may do the same at this moment.
fn build() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda/emulator");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let library = folder.join("libcuda_emulator.so");
    let unfinished = folder.join(format!("libcuda_emulator.{}.so", std::process::id()));
    let compiler = env::var_os("CXX").unwrap_or_else(|| "c++".into());
    let flags = ["-std=c++17", "-O3", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o"];
    let made = Command::new(&compiler).args(flags).arg(&unfinished).arg(sources.join("driver.cpp")).status();
    let problem = format!("the emulator of CUDA needs a C++ compiler, here {compiler:?}: set CXX to one");
    assert!(made.expect(&problem).success(), "{problem}");
    fs::rename(&unfinished, &library).expect("a folder for files of tests");
    library
}
