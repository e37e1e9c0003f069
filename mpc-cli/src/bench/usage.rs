//! What the operating system says of this process: memory and processor time. Linux only; nothing elsewhere.

use std::{fs, ops::Sub};

use serde::{Deserialize, Serialize};

/// Ticks of the clock in which Linux reports processor time; the same on all its architectures.
const TICKS: f64 = 100.0;
/// The threads that carry the links.
const NETWORK: &str = "mpc-comm";

/// Seconds of processor time, user and system, by what the threads are for. Exact to 10 ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Cpu {
    /// The program's own thread: protocol, randomness, kernels.
    pub program: f64,
    /// Helpers of large kernels.
    pub kernels: f64,
    /// The links.
    pub network: f64,
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            program: self.program - earlier.program,
            kernels: self.kernels - earlier.kernels,
            network: self.network - earlier.network,
        }
    }
}

/// What the threads that live have used so far.
pub(super) fn cpu() -> Option<Cpu> {
    let mut cpu = Cpu::default();
    let own = std::process::id().to_string();
    for task in fs::read_dir("/proc/self/task").ok()?.filter_map(Result::ok) {
        // A thread may have ended meanwhile.
        let Ok(line) = fs::read_to_string(task.path().join("stat")) else { continue };
        let Some((name, seconds)) = thread(&line) else { continue };
        if task.file_name().to_string_lossy() == own {
            cpu.program += seconds;
        } else if name.starts_with(NETWORK) {
            cpu.network += seconds;
        } else {
            cpu.kernels += seconds;
        }
    }
    Some(cpu)
}

/// The name and the processor time of a thread, from its line in `stat`: see proc_pid_stat(5).
fn thread(line: &str) -> Option<(&str, f64)> {
    let (start, rest) = line.rsplit_once(')')?;
    let (_, name) = start.split_once('(')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((name, (ticks()? + ticks()?) / TICKS))
}

/// The most memory that this process has had at once, in bytes.
pub(super) fn peak_rss() -> Option<u64> {
    high_water(&fs::read_to_string("/proc/self/status").ok()?)
}

fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_files_are_read() {
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 5 kB\n"), Some(1_263_616));
        assert_eq!(high_water("VmPeak:\t 9 kB\n"), None);
        let line = "77 (a (b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 3 0 1";
        assert_eq!(thread(line), Some(("a (b) c", 3.0)));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_has_some() {
        assert!(peak_rss().is_some_and(|bytes| bytes > 1 << 20));
        assert!(cpu().is_some());
    }
}
