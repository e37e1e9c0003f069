//! Layers one after the other.

use super::{Layer, part, scope};
use crate::{Module, Visitor, VisitorMut};
use mpc_core::{Secret, Tensor};
use std::{fmt, rc::Rc};

/// Layers one after the other, of any kinds. Their parameters, and the scopes of their steps, are named by their place:
/// `0.weight`, `2.bias`.
///
/// ```
/// use mpc_core::{Conv, Pool, sim::Sim};
/// use mpc_nn::{layers::*, sequential};
///
/// Sim::new(2).run(async |s| {
///     let model = sequential![
///         Conv2d::init(&s, 1, 4, [3, 3], Conv::default().padding(1)),
///         Relu,
///         MaxPool2d(Pool::new(2)),
///         Flatten,
///         Linear::init(&s, 4 * 4 * 4, 10),
///     ];
///     let logits = model.forward(&s.random_uniform([5, 1, 8, 8]));
///     assert_eq!(logits.shape().dims(), [5, 10]);
///     Ok(())
/// });
/// ```
#[derive(Debug, Default)]
pub struct Sequential {
    /// The layers, in order.
    pub layers: Vec<Box<dyn Layer>>,
}

impl Sequential {
    /// No layer: x itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more layer at the end.
    #[must_use]
    pub fn then(mut self, layer: impl Layer + 'static) -> Self {
        self.layers.push(Box::new(layer));
        self
    }
}

/// A [`Sequential`](crate::layers::Sequential) of these layers.
#[macro_export]
macro_rules! sequential {
    ($($layer:expr),* $(,)?) => {
        $crate::layers::Sequential::new()$(.then($layer))*
    };
}

impl Layer for Sequential {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, "sequential");
        let mut y = x.clone();
        for (at, layer) in self.layers.iter().enumerate() {
            let _scope = part(&at.to_string());
            y = layer.forward(&y);
        }
        y
    }
}

impl Module for Sequential {
    fn visit(&self, visitor: &mut Visitor<'_>) {
        self.layers.visit(visitor);
    }

    fn visit_mut(&mut self, visitor: &mut VisitorMut<'_>) {
        self.layers.visit_mut(visitor);
    }
}

/// A function as a layer without parameters: `Map::new("rows", |x| x.reshape([4, 6]))`.
#[derive(Clone)]
pub struct Map {
    name: &'static str,
    of: Rc<Function>,
}

type Function = dyn Fn(&Tensor<Secret>) -> Tensor<Secret>;

impl Map {
    /// A function, and the name of its steps.
    pub fn new(name: &'static str, of: impl Fn(&Tensor<Secret>) -> Tensor<Secret> + 'static) -> Self {
        Self { name, of: Rc::new(of) }
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({})", self.name)
    }
}

impl Layer for Map {
    #[track_caller]
    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let _scope = scope(x, self.name);
        (self.of)(x)
    }
}

parts!(Map);
