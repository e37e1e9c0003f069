//! Linear layers one after the other, with a ReLU between two, from a file of states: as
//! `torch.nn.Sequential(Linear, ReLU, Linear, ...)` saves itself. Names are `WHERE.weight` and `WHERE.bias`, in the order of
//! the numbers in them.

use mpc_core::{Secret, Session, Shape, Tensor, op::Handle};
use mpc_nn::{Linear, StateDict};
use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

use crate::model::ModelError;

/// A linear layer's structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Dense {
    pub(crate) inputs: usize,
    outputs: usize,
    bias: bool,
}

/// Weight and bias of each layer.
pub(crate) type Weights = Vec<(ArrayD<f64>, Option<ArrayD<f64>>)>;

/// Larger layers are a mistake, or somebody's wish to take all memory.
const MOST: usize = 1 << 28;

/// Whether layers from another server fit each other.
pub(crate) fn check(layers: &[Dense]) -> Result<(), String> {
    let joined = layers.windows(2).all(|pair| pair[0].outputs == pair[1].inputs);
    let size = |dense: &Dense| dense.inputs.checked_mul(dense.outputs).filter(|size| (1..=MOST).contains(size));
    if layers.is_empty() || !joined || layers.iter().any(|dense| size(dense).is_none()) {
        return Err("layers that do not fit each other, or are too large".to_owned());
    }
    Ok(())
}

/// The layers in a state.
pub(crate) fn read(mut state: StateDict) -> Result<(Vec<Dense>, Weights), ModelError> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in state.iter() {
        match (name.strip_suffix(".weight"), name.strip_suffix(".bias")) {
            (Some(layer), _) => names.push(layer.to_owned()),
            (None, Some(layer)) if state.get(&format!("{layer}.weight")).is_some() => {}
            _ => return Err(ModelError::Name { name: name.to_owned() }),
        }
    }
    names.sort_by_key(|name| numbers(name));
    let (mut layers, mut weights) = (Vec::<Dense>::new(), Vec::new());
    for name in names {
        let shape = |name: String, values: &ArrayD<f64>, expected: String| {
            Err(ModelError::Shape { name, found: values.shape().to_vec(), expected })
        };
        let (weight_name, bias_name) = (format!("{name}.weight"), format!("{name}.bias"));
        let (Some(weight), bias) = (state.remove(&weight_name), state.remove(&bias_name)) else { continue };
        let before = layers.last().map(|dense| dense.outputs);
        let &[outputs, inputs] = weight.shape() else {
            return shape(weight_name, &weight, "[outputs, inputs]".to_owned());
        };
        if let Some(before) = before.filter(|before| *before != inputs) {
            return shape(weight_name, &weight, format!("[.., {before}], after a layer with as many outputs"));
        }
        if let Some(bias) = bias.as_ref().filter(|bias| bias.shape() != [outputs]) {
            return shape(bias_name, bias, format!("[{outputs}]"));
        }
        layers.push(Dense { inputs, outputs, bias: bias.is_some() });
        weights.push((weight, bias));
    }
    if layers.is_empty() {
        return Err(ModelError::Empty);
    }
    Ok((layers, weights))
}

/// The numbers and the words of a name in turn, so that layer 10 comes after layer 9.
fn numbers(name: &str) -> Vec<(u64, String)> {
    let part = |part: &str| (part.parse().unwrap_or(u64::MAX), part.to_owned());
    name.split('.').map(part).collect()
}

/// The layers on shares of server `owner`'s weights; `own` there only.
pub(crate) fn share(s: &Session, owner: usize, layers: &[Dense], own: Option<&Weights>) -> Vec<Linear> {
    let name = s.names().get(owner).cloned().unwrap_or_default();
    let feed = |shape: &[usize], values: Option<&ArrayD<f64>>| -> Tensor<Secret> {
        let here = values.map(|values| Ok(values.iter().copied().collect()));
        Handle::private(s.runtime(), (owner, &name), Shape::from(shape), here).share().into()
    };
    let layer = |(at, dense): (usize, &Dense)| {
        let own = own.map(|own| &own[at]);
        let weight = feed(&[dense.outputs, dense.inputs], own.map(|own| &own.0));
        let bias = dense.bias.then(|| feed(&[dense.outputs], own.and_then(|own| own.1.as_ref())));
        Linear::new(weight, bias)
    };
    layers.iter().enumerate().map(layer).collect()
}

/// Their results for rows of inputs.
pub(crate) fn forward(layers: &[Linear], x: &Tensor<Secret>) -> Tensor<Secret> {
    match layers.split_last() {
        Some((last, hidden)) => last.forward(&hidden.iter().fold(x.clone(), |x, layer| layer.forward(&x).relu())),
        None => x.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    fn layers(entries: &[(&str, &[usize])]) -> Result<Vec<Dense>, ModelError> {
        read(entries.iter().map(|(name, shape)| (*name, ArrayD::zeros(IxDyn(shape)))).collect()).map(|read| read.0)
    }

    #[test]
    fn layers_are_read_in_the_order_of_their_numbers() {
        let found = layers(&[("10.weight", &[1, 5]), ("2.weight", &[5, 4]), ("2.bias", &[5])]).unwrap();
        let dense = |inputs, outputs, bias| Dense { inputs, outputs, bias };
        assert_eq!(found, [dense(4, 5, true), dense(5, 1, false)]);
        assert!(check(&found).is_ok());
    }

    #[test]
    fn what_is_no_stack_of_layers_is_refused_by_name() {
        let text = |entries: &[(&str, &[usize])]| layers(entries).unwrap_err().to_string();
        assert_eq!(text(&[]), "it has no layers");
        assert!(text(&[("0.weight", &[2, 3, 3])]).contains("`0.weight` has shape [2, 3, 3]"));
        assert!(text(&[("0.weight", &[2, 3]), ("1.weight", &[2, 3])]).contains("expected [.., 2]"));
        assert!(text(&[("0.weight", &[2, 3]), ("0.bias", &[3])]).contains("`0.bias` has shape [3]; expected [2]"));
        assert!(text(&[("0.bias", &[2])]).contains("`0.bias` is no part"));
        assert!(text(&[("0.weight", &[2, 3]), ("scale", &[1])]).contains("`scale` is no part"));
        let dense = |inputs, outputs| Dense { inputs, outputs, bias: true };
        for wrong in [vec![], vec![dense(2, 3), dense(2, 3)], vec![dense(usize::MAX, 2)], vec![dense(0, 1)]] {
            assert!(check(&wrong).is_err());
        }
    }
}
