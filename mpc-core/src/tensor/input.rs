//! What a party may feed in.

use crate::{error::InputError, shape::Shape};
use ndarray::{Array, Dimension};
use std::fmt::Display;

/// Numbers with or without a shape of their own, or the failure to get them.
pub trait IntoInput {
    /// The shape, if the data knows it, and the numbers in row-major order.
    ///
    /// # Errors
    /// [`InputError::Source`] with the failure.
    fn into_input(self) -> Result<(Option<Shape>, Vec<f64>), InputError>;
}

impl IntoInput for Vec<f64> {
    fn into_input(self) -> Result<(Option<Shape>, Vec<f64>), InputError> {
        Ok((None, self))
    }
}

impl IntoInput for Vec<f32> {
    fn into_input(self) -> Result<(Option<Shape>, Vec<f64>), InputError> {
        Ok((None, self.into_iter().map(f64::from).collect()))
    }
}

impl<T: Copy + Into<f64>, D: Dimension> IntoInput for Array<T, D> {
    fn into_input(self) -> Result<(Option<Shape>, Vec<f64>), InputError> {
        Ok((Some(self.shape().into()), self.iter().map(|&x| x.into()).collect()))
    }
}

impl<T: IntoInput, E: Display> IntoInput for Result<T, E> {
    fn into_input(self) -> Result<(Option<Shape>, Vec<f64>), InputError> {
        self.map_err(|error| InputError::Source(error.to_string()))?.into_input()
    }
}

/// The numbers, checked against the shape that the program announces.
pub(crate) fn checked(data: impl IntoInput, expected: &Shape) -> Result<Vec<f64>, InputError> {
    let (shape, values) = data.into_input()?;
    let found =
        shape.unwrap_or_else(|| if values.len() == expected.len() { expected.clone() } else { values.len().into() });
    if found == *expected && values.len() == expected.len() {
        Ok(values)
    } else {
        Err(InputError::Shape { found, expected: expected.clone() })
    }
}
