//! What only the owner of a model has: its numbers.

use ndarray::ArrayD;
use std::{collections::BTreeMap, fmt};
use zeroize::Zeroize;

/// The weights of a model by name. They are overwritten when they are dropped; what the file system, the allocator or a
/// reader of the file kept is not.
#[derive(Clone, Default, PartialEq)]
pub struct Weights(BTreeMap<String, ArrayD<f64>>);

impl Weights {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// The weight of a name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.0.get(name)
    }

    /// Adds a weight, in the place of one that has the name.
    pub fn insert(&mut self, name: impl Into<String>, values: ArrayD<f64>) {
        self.0.insert(name.into(), values);
    }

    /// The names and weights, by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ArrayD<f64>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, ArrayD<f64>)> for Weights {
    fn from_iter<I: IntoIterator<Item = (N, ArrayD<f64>)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(name, values)| (name.into(), values)).collect())
    }
}

impl Drop for Weights {
    fn drop(&mut self) {
        for values in self.0.values_mut() {
            values.iter_mut().for_each(|x| x.zeroize());
        }
    }
}

impl fmt::Debug for Weights {
    /// Names and shapes; never a value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, values)| (name, values.shape()))).finish()
    }
}
