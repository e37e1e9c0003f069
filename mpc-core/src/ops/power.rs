//! Products of many: powers and products along an axis, in as few steps one after the other as products allow. Each step is
//! 2 rounds on secrets, and costs a [`mul`](super::mul).

use crate::{op::Handle, shape::Shape};

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

    #[track_caller]
    fn one(&self) -> Self {
        Self::public(self.runtime(), Shape::scalar(), &[1.0])
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
