//! The instructions.

#![allow(unsafe_code, reason = "instructions that the target does not promise; each call is guarded by the token")]

use super::{BLOCK, Products, Sums, twin::Twin};
use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::OnceLock,
};

/// The processor has AMX for bytes, the system lets this process use it, and it multiplies as it should.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Tiles(());

impl Tiles {
    pub(in super::super) fn new() -> Option<Self> {
        static FOUND: OnceLock<bool> = OnceLock::new();
        // The value is made before it is known to be true: that is what `multiplies` finds out.
        FOUND.get_or_init(|| supported() && permitted() && multiplies(Self(()))).then_some(Self(()))
    }
}

/// Whether the processor has the instructions: AMX-TILE and AMX-INT8.
fn supported() -> bool {
    let flags = if __cpuid_count(0, 0).eax >= 7 { __cpuid_count(7, 0).edx } else { 0 };
    flags >> 24 & 0b11 == 0b11
}

/// Asks the system for the registers, 8 KB for each thread. It refuses where it does not know them.
fn permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: a call that takes two numbers and changes nothing but what this process may use.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// Whether the products of some panels are those of the twin.
fn multiplies(tiles: Tiles) -> bool {
    let words = |seed: u64| -> Vec<u64> {
        let word = |i: u64| (i + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32);
        (0..2 * BLOCK as u64).map(|i| if i % 3 == 0 { u64::MAX } else { word(i) }).collect()
    };
    let (left, right) = (words(1), words(2));
    let [mut found, mut expected] = [(); 2].map(|()| Sums([[0; 256]; 8]));
    tiles.add_up(&left, &right, &mut found);
    Twin.add_up(&left, &right, &mut expected);
    found.0 == expected.0
}

/// Eight registers of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Shape {
    palette: u8,
    first_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static SHAPE: Shape = Shape {
    palette: 1,
    first_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Limb `$i` of the left factor into register 6.
macro_rules! left {
    ($i:literal) => {
        concat!("tileloadd tmm6, [{a} + {row} + 1024*", $i, "]")
    };
}

/// Register `$sum` plus register 6 times limb `$j` of the right factor.
macro_rules! product {
    ($sum:literal, $j:literal) => {
        concat!("tileloadd tmm7, [{b} + {row} + 1024*", $j, "]\ntdpbuud tmm", $sum, ", tmm6, tmm7")
    };
    // And the `$part`-th of 33 parts of the next blocks into the first cache.
    ($sum:literal, $j:literal, $part:literal) => {
        concat!(
            product!($sum, $j),
            "\nprefetcht0 [{a} + 8192 + 256*",
            $part,
            "]\nprefetcht0 [{b} + 8192 + 256*",
            $part,
            "]",
            "\nprefetcht0 [{a} + 8256 + 256*",
            $part,
            "]\nprefetcht0 [{b} + 8256 + 256*",
            $part,
            "]",
            "\nprefetcht0 [{a} + 8320 + 256*",
            $part,
            "]\nprefetcht0 [{b} + 8320 + 256*",
            $part,
            "]",
            "\nprefetcht0 [{a} + 8384 + 256*",
            $part,
            "]\nprefetcht0 [{b} + 8384 + 256*",
            $part,
            "]",
        )
    };
}

impl Products for Tiles {
    fn add_up(self, left: &[u64], right: &[u64], sums: &mut Sums) {
        let blocks = left.len().min(right.len()) / BLOCK;
        if blocks == 0 {
            return sums.0.as_flattened_mut().fill(0);
        }
        // SAFETY: the processor has the instructions and the process may use them, or `self` would not be. Of each panel
        // `blocks` blocks of 8192 bytes are read, all inside; prefetches never fail. The eight tiles of 1024 bytes that
        // are written are `sums`. The registers are ours: they are set up here and given back here.
        unsafe {
            asm!(
                "ldtilecfg [{shape}]",
                // The sums for s = 2 to 7 in registers 0 to 5.
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3", "tilezero tmm4", "tilezero tmm5",
                "mov {a}, {left}", "mov {b}, {right}", "mov {n}, {blocks}",
                "2:",
                left!("0"),
                product!("0", "2", "0"), product!("1", "3", "1"), product!("2", "4", "2"),
                product!("3", "5", "3"), product!("4", "6", "4"), product!("5", "7", "5"),
                left!("1"),
                product!("0", "1", "6"), product!("1", "2", "7"), product!("2", "3", "8"),
                product!("3", "4", "9"), product!("4", "5", "10"), product!("5", "6", "11"),
                left!("2"),
                product!("0", "0", "12"), product!("1", "1", "13"), product!("2", "2", "14"),
                product!("3", "3", "15"), product!("4", "4", "16"), product!("5", "5", "17"),
                left!("3"),
                product!("1", "0", "18"), product!("2", "1", "19"), product!("3", "2", "20"),
                product!("4", "3", "21"), product!("5", "4", "22"),
                left!("4"),
                product!("2", "0", "23"), product!("3", "1", "24"), product!("4", "2", "25"), product!("5", "3", "26"),
                left!("5"),
                product!("3", "0", "27"), product!("4", "1", "28"), product!("5", "2", "29"),
                left!("6"),
                product!("4", "0", "30"), product!("5", "1", "31"),
                left!("7"),
                product!("5", "0", "32"),
                "add {a}, 8192", "add {b}, 8192", "dec {n}", "jnz 2b",
                "tilestored [{sums} + {row} + 1024*2], tmm0", "tilestored [{sums} + {row} + 1024*3], tmm1",
                "tilestored [{sums} + {row} + 1024*4], tmm2", "tilestored [{sums} + {row} + 1024*5], tmm3",
                "tilestored [{sums} + {row} + 1024*6], tmm4", "tilestored [{sums} + {row} + 1024*7], tmm5",
                // Those for s = 0 and 1.
                "tilezero tmm0", "tilezero tmm1",
                "mov {a}, {left}", "mov {b}, {right}", "mov {n}, {blocks}",
                "3:",
                left!("0"),
                product!("0", "0"), product!("1", "1"),
                left!("1"),
                product!("1", "0"),
                "add {a}, 8192", "add {b}, 8192", "dec {n}", "jnz 3b",
                "tilestored [{sums} + {row}], tmm0", "tilestored [{sums} + {row} + 1024], tmm1",
                "tilerelease",
                shape = in(reg) &raw const SHAPE,
                left = in(reg) left.as_ptr(),
                right = in(reg) right.as_ptr(),
                blocks = in(reg) blocks,
                sums = in(reg) sums.0.as_mut_ptr(),
                row = in(reg) 64usize,
                a = out(reg) _,
                b = out(reg) _,
                n = out(reg) _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the processor has them, they must not be refused because they are wrong.
    #[test]
    fn they_multiply_like_their_twin() {
        assert_eq!(Tiles::new().is_some(), supported() && permitted());
    }
}
