//! Fixed-point numbers in a ring: x stands for round(x * 2^f) mod 2^k.

use crate::{
    error::{Error, InputError, Result},
    ring::Ring,
};

/// Bits kept free below the ring's top: a product of two values must stay under 2^(k-2) before it is rescaled.
const HEADROOM: u32 = 2;

/// The code of fixed-point numbers with `f` fractional bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    fraction_bits: u32,
}

impl Fixed {
    /// The usual precision.
    pub const DEFAULT_BITS: u32 = 16;

    /// A code of 10 to 24 fractional bits.
    ///
    /// # Errors
    /// [`Error::Setting`] outside of that range.
    pub fn new(fraction_bits: u32) -> Result<Self> {
        if (10..=24).contains(&fraction_bits) {
            return Ok(Self { fraction_bits });
        }
        let problem = format!("{fraction_bits} is not between 10 and 24");
        Err(Error::Setting { key: "fraction_bits", problem })
    }

    /// f.
    pub fn bits(self) -> u32 {
        self.fraction_bits
    }

    /// The distance between neighbouring numbers, 2^-f.
    pub fn ulp(self) -> f64 {
        0.5f64.powi(self.fraction_bits as i32)
    }

    /// Magnitudes must stay below this: 2^(k - 2 - 2f), so that multiplying by one keeps the headroom of a rescale.
    pub fn limit<R: Ring>(self) -> f64 {
        2f64.powi(R::BITS as i32 - HEADROOM as i32 - 2 * self.fraction_bits as i32)
    }

    /// The nearest representable number.
    ///
    /// # Errors
    /// [`InputError`] for a value that is not finite or not below [`Self::limit`]; its index is 0.
    pub fn encode<R: Ring>(self, x: f64) -> Result<R, InputError> {
        if !x.is_finite() {
            return Err(InputError::NotFinite { index: 0 });
        }
        if x.abs() >= self.limit::<R>() {
            let (fraction_bits, limit) = (self.fraction_bits, self.limit::<R>());
            return Err(InputError::OutOfRange { index: 0, fraction_bits, limit });
        }
        Ok(self.nearest(x))
    }

    /// The nearest representable number modulo the ring: for values known to be in range.
    pub fn nearest<R: Ring>(self, x: f64) -> R {
        R::from_i128((x * 2f64.powi(self.fraction_bits as i32)).round_ties_even() as i128)
    }

    /// [`Self::encode`] for each number.
    ///
    /// # Errors
    /// [`InputError`] with the index of the first number that cannot be encoded.
    pub fn encode_all<R: Ring>(self, values: impl IntoIterator<Item = f64>) -> Result<Vec<R>, InputError> {
        let place = |index, error| match error {
            InputError::NotFinite { .. } => InputError::NotFinite { index },
            InputError::OutOfRange { fraction_bits, limit, .. } => {
                InputError::OutOfRange { index, fraction_bits, limit }
            }
            other => other,
        };
        values.into_iter().enumerate().map(|(index, x)| self.encode(x).map_err(|error| place(index, error))).collect()
    }

    /// The number that a ring element stands for; exact while it has at most 53 significant bits.
    pub fn decode<R: Ring>(self, x: R) -> f64 {
        R::to_i128(x) as f64 * self.ulp()
    }
}

/// Public factors `numerators[k] / 2^shift`, as precise as the ring allows without costing range: multiplying by the
/// numerators and rescaling by `shift` keeps at least f + 1 significant bits of the largest factor however small it is,
/// needs no rescale at all for integers, and one bit for halves.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Factors {
    /// The integers to multiply with.
    pub numerators: Vec<i64>,
    /// Bits to drop afterwards.
    pub shift: u32,
}

impl Factors {
    /// The factors nearest to some numbers; nothing if one is not finite or its magnitude reaches the limit of the code.
    /// Below one, the largest gets f significant bits: with more, its product with the largest number would not keep the
    /// headroom of a rescale. Factors below 2^-40 lose precision and become zero below 2^-57.
    pub fn new<R: Ring>(c: &[f64], fixed: Fixed) -> Option<Self> {
        let limit = fixed.limit::<R>();
        if c.iter().any(|c| !c.is_finite() || c.abs() >= limit) {
            return None;
        }
        let largest = c.iter().fold(0f64, |largest, c| largest.max(c.abs()));
        // The exponent is read off, not computed: it must be the same at every party.
        let small = if largest == 0.0 { 0 } else { (-1 - libm::ilogb(largest)).clamp(0, 40) as u32 };
        let mut shift = (fixed.bits() + small).min(R::BITS - 8);
        let scale = 2f64.powi(shift as i32);
        let mut numerators: Vec<_> = c.iter().map(|c| (c * scale).round_ties_even() as i64).collect();
        while shift > 0 && numerators.iter().all(|numerator| numerator % 2 == 0) {
            numerators.iter_mut().for_each(|numerator| *numerator /= 2);
            shift -= 1;
        }
        Some(Self { numerators, shift })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_rounds_and_refuses() {
        let fixed = Fixed::new(16).unwrap();
        assert_eq!(fixed.encode::<u64>(-1.5), Ok((-98304i64) as u64));
        assert_eq!(fixed.decode(fixed.encode::<u64>(-5.99997).unwrap()), -5.999969482421875);
        assert_eq!(fixed.encode::<u64>(f64::NAN), Err(InputError::NotFinite { index: 0 }));
        assert!(matches!(fixed.encode::<u64>(2f64.powi(30)), Err(InputError::OutOfRange { .. })));
        let values = [1.0, 2.0, f64::INFINITY];
        assert_eq!(fixed.encode_all::<u64>(values), Err(InputError::NotFinite { index: 2 }));
        assert!(Fixed::new(9).is_err() && Fixed::new(25).is_err());
    }

    #[test]
    fn factors_keep_their_significant_bits() {
        let factors = |c: &[f64]| Factors::new::<u64>(c, Fixed::new(16).unwrap());
        let of = |numerators: &[i64], shift| Some(Factors { numerators: numerators.to_vec(), shift });
        assert_eq!(factors(&[3.0]), of(&[3], 0));
        assert_eq!(factors(&[-0.5]), of(&[-1], 1));
        assert_eq!(factors(&[0.0]), of(&[0], 0));
        assert_eq!(factors(&[0.25, 1.0]), of(&[1, 4], 2));
        for c in [0.1, 1.0 / 455.0, -3e-7, 12345.678] {
            let Factors { numerators, shift } = factors(&[c]).unwrap();
            let relative = (numerators[0] as f64 * 0.5f64.powi(shift as i32) / c - 1.0).abs();
            assert!(relative < 1e-5, "{c}: {relative}");
        }
        assert_eq!((factors(&[f64::NAN]), factors(&[0.5, 1e12])), (None, None));
    }
}
