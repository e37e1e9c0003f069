//! The PTX in the tree: against the kernels' sources, as far as that can be said without nvcc (`scripts/cuda-ptx.sh --check` says
//! the rest), and for what it shows of secrets.

use sha2::{Digest, Sha256};
use std::{
    collections::HashSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cuda").join(name)
}

#[test]
fn the_ptx_is_made_of_these_kernels() {
    let kernels = folder("kernels");
    let mut names: Vec<_> = fs::read_dir(&kernels).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut sums = String::new();
    for name in names {
        for byte in Sha256::digest(fs::read(kernels.join(&name)).unwrap()) {
            write!(sums, "{byte:02x}").unwrap();
        }
        writeln!(sums, "  {}", name.to_string_lossy()).unwrap();
    }
    let of_ptx = fs::read_to_string(folder("ptx/sources.sha256")).unwrap();
    assert_eq!(sums, of_ptx, "the kernels have changed: run scripts/cuda-ptx.sh");
}

/// An instruction of a kernel, and the registers that it writes and reads.
struct Instruction<'a> {
    text: &'a str,
    name: &'a str,
    predicate: Option<&'a str>,
    to: Vec<&'a str>,
    from: Vec<&'a str>,
}

/// The carry from one instruction to the next.
const CARRY: &str = "%carry";

fn registers(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "%_".contains(c)));
    words.filter(|word| word.starts_with('%')).collect()
}

fn is_one_of(name: &str, kinds: &[&str]) -> bool {
    kinds.contains(&name.split('.').next().unwrap_or(name))
}

fn instruction(line: &str) -> Option<Instruction<'_>> {
    let text = line.trim().trim_end_matches(';');
    let (predicate, rest) = match text.strip_prefix('@') {
        Some(rest) => {
            rest.split_once(char::is_whitespace).map(|(at, rest)| (Some(at.trim_start_matches('!')), rest))?
        }
        None => (None, text),
    };
    let (name, operands) = rest.trim().split_once(char::is_whitespace).unwrap_or((rest.trim(), ""));
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return None;
    }
    let end = match operands.trim_start().starts_with('{') {
        true => operands.find('}'),
        false => operands.find(','),
    };
    let writes = !is_one_of(name, &["st", "bra", "bar", "ret", "red", "cp"]);
    let (to, from) = operands.split_at(if writes { end.unwrap_or(operands.len()) } else { 0 });
    let (mut to, mut from) = (registers(to), registers(from));
    if name.contains(".cc") {
        to.push(CARRY);
    }
    if is_one_of(name, &["addc", "subc", "madc"]) {
        from.push(CARRY);
    }
    Some(Instruction { text, name, predicate, to, from })
}

impl Instruction<'_> {
    /// Whether it reads something that may be secret: an array, or a key. Programs and tables of indices are of 32 bits, and all
    /// else that a kernel is given of 64.
    fn reads_secrets(&self) -> bool {
        let memory = ["ld.global", "ld.shared", "ld.local", "atom", "ld.param.v2.u32"];
        self.name != "ld.global.u32" && memory.iter().any(|kind| self.name.starts_with(kind))
    }

    /// Whether others may see it from outside: where the kernel goes on, which memory it uses, how long it takes.
    fn shows(&self, secrets: &HashSet<&str>) -> bool {
        let secret = |registers: &[&str]| registers.iter().any(|register| secrets.contains(register));
        let address = self.text.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map_or("", |(at, _)| at);
        let seen = ["bra", "ret", "bar", "ld", "st", "atom", "red", "cp", "call"];
        (is_one_of(self.name, &seen) && self.predicate.is_some_and(|at| secrets.contains(at)))
            || secret(&registers(address))
            || (is_one_of(self.name, &["div", "rem", "sqrt", "brx", "call"]) && secret(&self.from))
    }
}

/// What a kernel shows of what it reads.
fn shown(kernel: &str) -> Vec<&str> {
    let all: Vec<_> = kernel.lines().filter_map(instruction).collect();
    let (mut secrets, mut known) = (HashSet::new(), usize::MAX);
    while known != secrets.len() {
        known = secrets.len();
        for one in &all {
            let mut read = one.from.iter().chain(&one.predicate);
            if one.reads_secrets() || read.any(|register| secrets.contains(register)) {
                secrets.extend(&one.to);
            }
        }
    }
    assert!(known > 0 || kernel.starts_with("fill"), "something is read");
    all.iter().filter(|one| one.shows(&secrets)).map(|one| one.text).collect()
}

/// No branch, no address and no division in a kernel depends on what it reads from arrays or on a key, whether that is secret
/// or not. What a pick skips is said by its table of indices, which is public.
#[test]
fn kernels_show_nothing_of_what_they_read() {
    for capability in [75, 80] {
        let ptx = fs::read_to_string(folder(&format!("ptx/kernels_{capability}.ptx"))).unwrap();
        let kernels: Vec<_> = ptx.split(".entry mpc_").skip(1).collect();
        assert!(kernels.len() > 25, "all kernels");
        for kernel in kernels {
            let name = kernel.split('(').next().unwrap_or_default();
            let shown = shown(kernel);
            assert!(shown.is_empty() || name == "pick", "{name} for {capability}: {shown:?}");
        }
    }
}

/// Those whose rounding is not said, and those that are joined to an addition, may have other bits than the processor's.
#[test]
fn doubles_are_rounded_one_by_one() {
    for capability in [75, 80] {
        let ptx = fs::read_to_string(folder(&format!("ptx/kernels_{capability}.ptx"))).unwrap();
        let of_doubles = |one: &Instruction<'_>| {
            one.name.ends_with(".f64") && is_one_of(one.name, &["add", "sub", "mul", "mad", "fma", "div"])
        };
        let all: Vec<_> = ptx.lines().filter_map(instruction).filter(of_doubles).collect();
        assert!(all.len() > 100, "the sines and the exponentials");
        for one in all {
            assert!(["add.rn.f64", "mul.rn.f64"].contains(&one.name), "for {capability}: {}", one.text);
        }
    }
}
