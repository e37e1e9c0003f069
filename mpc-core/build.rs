//! With the feature `cuda`: a stand-in for the driver's library, so that one program runs on machines with and without a
//! driver, and building it needs neither toolkit nor driver. docs/cuda.md says how.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "cuda")]
    shim::build()?;
    Ok(())
}

#[cfg(feature = "cuda")]
mod shim {
    use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

    const FOLDER: &str = "cuda/shim";

    /// Makes libcuda.a, which the `-lcuda` of cust_raw then finds.
    pub(super) fn build() -> Result<(), Box<dyn Error>> {
        println!("cargo:rerun-if-changed={FOLDER}");
        let target = env::var("TARGET")?;
        if !(target.starts_with("x86_64") && target.contains("linux")) {
            return Err(format!(
                "the feature `cuda` of mpc-core is for x86-64 Linux, and this build is for {target}: leave it out there"
            )
            .into());
        }
        let out = PathBuf::from(env::var("OUT_DIR")?);
        let symbols = fs::read_to_string(format!("{FOLDER}/symbols.txt"))?;
        let trampolines = out.join("trampolines.s");
        fs::write(&trampolines, assembly(&symbols.split_whitespace().collect::<Vec<_>>())?)?;
        cc::Build::new()
            .cargo_metadata(false)
            .warnings_into_errors(true)
            .file(format!("{FOLDER}/resolve.c"))
            .file(trampolines)
            .try_compile("cuda")?;
        println!("cargo:rustc-link-search=native={}", out.display());
        Ok(())
    }

    /// A trampoline for each function of the driver: it jumps to the function, and before the first time asks
    /// `cu_shim_resolve` where that is, with all arguments as they were.
    fn assembly(symbols: &[&str]) -> Result<String, std::fmt::Error> {
        let integers = ["rdi", "rsi", "rdx", "rcx", "r8", "r9"];
        let mut text = String::from(".section .note.GNU-stack,\"\",@progbits\n.text\n");
        for (number, symbol) in symbols.iter().enumerate() {
            writeln!(text, ".globl {symbol}\n.hidden {symbol}\n.type {symbol},@function\n{symbol}:")?;
            writeln!(text, "  movq cu_shim_table+{}(%rip), %rax\n  testq %rax, %rax\n  je 1f", 8 * number)?;
            writeln!(text, "  jmp *%rax\n1: movl ${number}, %eax\n  jmp cu_shim_first\n.size {symbol}, .-{symbol}")?;
        }
        // Two numbers in floating point are the most that a function of the driver takes. Seven words are pushed, and the
        // return address is there: 32 more bytes keep the stack aligned.
        writeln!(text, "cu_shim_first:\n  pushq %rbp\n  movq %rsp, %rbp")?;
        integers.iter().try_for_each(|register| writeln!(text, "  pushq %{register}"))?;
        writeln!(text, "  subq $32, %rsp\n  movsd %xmm0, (%rsp)\n  movsd %xmm1, 8(%rsp)")?;
        writeln!(text, "  movl %eax, %edi\n  call cu_shim_resolve")?;
        writeln!(text, "  movsd (%rsp), %xmm0\n  movsd 8(%rsp), %xmm1\n  addq $32, %rsp")?;
        integers.iter().rev().try_for_each(|register| writeln!(text, "  popq %{register}"))?;
        writeln!(text, "  popq %rbp\n  jmp *%rax")?;
        writeln!(text, ".section .rodata")?;
        for (number, symbol) in symbols.iter().enumerate() {
            writeln!(text, ".Lname{number}: .asciz \"{symbol}\"")?;
        }
        writeln!(text, ".section .data.rel.ro,\"aw\"\n.balign 8\n.globl cu_shim_names\n.hidden cu_shim_names")?;
        writeln!(text, "cu_shim_names:")?;
        (0..symbols.len()).try_for_each(|number| writeln!(text, "  .quad .Lname{number}"))?;
        writeln!(text, ".bss\n.balign 8\n.globl cu_shim_table\n.hidden cu_shim_table")?;
        writeln!(text, "cu_shim_table: .zero {}", 8 * symbols.len())?;
        Ok(text)
    }
}
