//! Which instructions the kernels use.

use crate::error::{Error, Result};
use std::fmt;

/// The variable that forces a level.
const VARIABLE: &str = "MPC_CPU";

/// Instructions that kernels may use, each level with those before it. Every level gives the same results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Those that every processor of the target has.
    Portable,
    /// NEON of aarch64.
    Neon,
    /// AVX2 of x86-64.
    Avx2,
    /// AVX-512 with 64-bit products (F, DQ).
    Avx512,
    /// AVX-512 with 52-bit products (F, DQ, IFMA).
    Ifma,
    /// AMX with products of bytes, on Linux; AVX-512 with 52-bit products for what is not a product of matrices.
    Amx,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 6] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512, Self::Ifma, Self::Amx];

    /// The name that `MPC_CPU` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
            Self::Ifma => "ifma",
            Self::Amx => "amx",
        }
    }

    /// Whether this processor has these instructions.
    #[cfg(target_arch = "x86_64")]
    pub fn supported(self) -> bool {
        let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
        match self {
            Self::Portable => true,
            Self::Neon => false,
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            Self::Avx512 => wide,
            Self::Ifma => wide && is_x86_feature_detected!("avx512ifma"),
            Self::Amx => Self::Ifma.supported() && has_tiles(),
        }
    }

    /// Whether this processor has these instructions.
    #[cfg(target_arch = "aarch64")]
    pub fn supported(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    /// Whether this processor has these instructions.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    pub fn supported(self) -> bool {
        self == Self::Portable
    }

    /// The fastest on this processor.
    pub fn best() -> Self {
        Self::preferred().into_iter().find(|level| level.supported()).unwrap_or(Self::Portable)
    }

    /// What `MPC_CPU` says, or else the best.
    ///
    /// # Errors
    /// [`Error::Setting`] for a name that is none, or of a level that this processor does not have.
    pub fn from_env() -> Result<Self> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::best()),
            Some(name) => Self::from_name(&name.to_string_lossy()),
        }
    }

    fn from_name(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|level| level.name() == name);
        let names = |levels: &[Self]| levels.iter().map(|level| level.name()).collect::<Vec<_>>().join(", ");
        let problem = match found {
            Some(level) if level.supported() => return Ok(level),
            Some(_) => format!("this processor has no {name}"),
            None => format!("`{name}` is no level of instructions; there are {}", names(&Self::ALL)),
        };
        let here: Vec<_> = Self::ALL.into_iter().filter(|level| level.supported()).collect();
        let problem = format!("{problem}. Here these can be had: {}; unset it for the fastest", names(&here));
        Err(Error::Setting { key: VARIABLE, problem })
    }

    /// From the fastest down. A 64-bit product is one operation on AMD's processors (measured: twice as fast as IFMA on
    /// Zen 5) and three on Intel's, where it takes as long as the three of IFMA and their additions besides.
    fn preferred() -> [Self; 6] {
        if slow_products() {
            [Self::Amx, Self::Ifma, Self::Avx512, Self::Avx2, Self::Neon, Self::Portable]
        } else {
            [Self::Avx512, Self::Amx, Self::Ifma, Self::Avx2, Self::Neon, Self::Portable]
        }
    }
}

/// Whether the processor has AMX for bytes. Whether the system lets us use it is found out by the kernel that does.
#[cfg(target_arch = "x86_64")]
fn has_tiles() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    cfg!(target_os = "linux") && __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx >> 24 & 0b11 == 0b11
}

/// Whether `vpmullq` is slower than IFMA: on Intel's processors.
#[cfg(target_arch = "x86_64")]
fn slow_products() -> bool {
    let vendor = std::arch::x86_64::__cpuid(0);
    [vendor.ebx, vendor.edx, vendor.ecx].map(u32::to_le_bytes).as_flattened() == b"GenuineIntel"
}

/// There is neither.
#[cfg(not(target_arch = "x86_64"))]
fn slow_products() -> bool {
    false
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_levels() {
        for level in Level::ALL {
            match Level::from_name(level.name()) {
                Ok(found) => assert_eq!((found, level.supported()), (level, true)),
                Err(error) => assert!(!level.supported() && error.to_string().contains("this processor has no")),
            }
        }
        assert!(Level::best().supported());
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_them() {
        for name in ["", "AVX2", "fast"] {
            let error = Level::from_name(name).unwrap_err().to_string();
            assert!(error.contains("MPC_CPU") && error.contains("portable, neon, avx2, avx512, ifma, amx"), "{error}");
        }
    }
}
