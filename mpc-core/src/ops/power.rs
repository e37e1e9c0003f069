//! Products of many: powers and products along an axis, in as few steps one after the other as products allow. Each step is
//! 2 rounds on secrets, and costs a [`mul`](super::mul).

use crate::op::Handle;

impl Handle {
    /// `x * x`. One opening.
    #[track_caller]
    pub fn square(&self) -> Self {
        self.mul(self)
    }

    /// x to a whole power: the logarithm of the power in steps, rounded up. The power 0 is 1.
    #[track_caller]
    pub fn powi(&self, power: u32) -> Self {
        let (mut square, mut rest, mut product) = (self.clone(), power, None::<Self>);
        loop {
            if rest & 1 == 1 {
                product = Some(product.map_or_else(|| square.clone(), |product| product.mul(&square)));
            }
            rest >>= 1;
            if rest == 0 {
                return product.unwrap_or_else(|| self.scale(0.0).add(&self.one()));
            }
            square = square.square();
        }
    }

    /// `c0 + c1 x + c2 x^2 + ..`, lowest coefficient first. Powers are made of halves, and the sum is rescaled once.
    #[track_caller]
    pub fn polynomial(&self, coefficients: &[f64]) -> Self {
        let mut powers = vec![self.clone()];
        for power in 2..coefficients.len() {
            powers.push(powers[power / 2 - 1].mul(&powers[power.div_ceil(2) - 1]));
        }
        let (constant, rest) = coefficients.split_first().map_or((0.0, coefficients), |(first, rest)| (*first, rest));
        let terms: Vec<(f64, &Self)> = rest.iter().copied().zip(&powers).filter(|(c, _)| *c != 0.0).collect();
        let sum = if terms.is_empty() { self.scale(0.0) } else { Self::combine(&terms) };
        sum.add(&self.number_like(constant))
    }

    #[track_caller]
    fn one(&self) -> Self {
        self.number_like(1.0)
    }

    /// The product along an axis, which disappears: the logarithm of its size in steps, rounded up. That of nothing is 1.
    #[track_caller]
    pub fn prod(&self, axis: usize) -> Self {
        let mut rest = self.clone();
        loop {
            match rest.size(axis) {
                Err(problem) => return self.refuse("prod", problem),
                Ok(0) => return rest.sum(&[axis], false).add(&self.one()),
                Ok(1) => return rest.without(axis),
                Ok(size) => {
                    let half = size / 2;
                    let pairs = rest.slice(axis, 0..half, 1).mul(&rest.slice(axis, half..2 * half, 1));
                    rest = match size % 2 {
                        0 => pairs,
                        _ => pairs.concat(&[&rest.slice(axis, 2 * half..size, 1)], axis),
                    };
                }
            }
        }
    }
}
