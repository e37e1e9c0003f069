//! The values of a model's parameters and buffers in the clear, by name: from a file into shares, and out again to whom the
//! program says.

mod files;
mod pytorch;
mod sharing;

pub use sharing::LoadState;
pub(crate) use sharing::{array, put, reveal_to, share_from};

use ndarray::ArrayD;

/// Named arrays in an order. The names are those of [`Module::state`](crate::Module::state).
///
/// ```no_run
/// # use mpc_core::{Party, Session}; use mpc_nn::{Module, StateDict};
/// # async fn f<Lab: Party>(s: Session, model: &mut impl Module) -> Result<(), Box<dyn std::error::Error>> {
/// model.share_state_from::<Lab>(&s, || StateDict::read("pretrained.safetensors"));
/// if let Some(state) = model.reveal_state_to::<Lab>().await? {
///     state.write("trained.safetensors")?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default, PartialEq)]
pub struct StateDict(Vec<(String, ArrayD<f64>)>);

impl StateDict {
    /// Without entries.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array, in the place of one that has the name.
    pub fn insert(&mut self, name: impl Into<String>, values: ArrayD<f64>) {
        let name = name.into();
        match self.0.iter_mut().find(|(other, _)| *other == name) {
            Some((_, old)) => *old = values,
            None => self.0.push((name, values)),
        }
    }

    /// The array of a name.
    pub fn get(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, values)| values)
    }

    /// Removes an array and gives it.
    pub fn remove(&mut self, name: &str) -> Option<ArrayD<f64>> {
        let at = self.0.iter().position(|(other, _)| other == name)?;
        Some(self.0.remove(at).1)
    }

    /// The names and arrays, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &ArrayD<f64>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// How many arrays.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, ArrayD<f64>)> for StateDict {
    fn from_iter<I: IntoIterator<Item = (N, ArrayD<f64>)>>(entries: I) -> Self {
        let mut state = Self::new();
        entries.into_iter().for_each(|(name, values)| state.insert(name, values));
        state
    }
}

impl std::fmt::Debug for StateDict {
    /// Names and shapes; never a value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.iter().map(|(name, values)| (name, values.shape()))).finish()
    }
}
