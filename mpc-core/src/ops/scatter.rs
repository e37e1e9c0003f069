//! Values put at places that a public index names: index_add, scatter_add, scatter. Free and exact on secrets, as any linear
//! map: the places are public, the values are not.

use super::pick::Map;
use crate::{
    along::{Along, Pick},
    bilinear::Linear,
    error::Usage,
    op::Handle,
    shape::Shape,
};

impl Handle {
    /// This tensor plus slices of another, each at the place of an axis that its index names; a place may be named more
    /// than once, and gets the sum.
    #[track_caller]
    pub fn index_add(&self, axis: usize, indices: &[usize], source: &Self) -> Self {
        let (op, own) = ("index_add", self.shape());
        let Some(along) = Along::of(&own, axis) else {
            return self.refuse(op, Usage::Axis { axis, rank: own.rank() });
        };
        let mut dims = own.dims().to_vec();
        dims[axis] = indices.len();
        if let Err(problem) = in_range(axis, along.size, indices).and_then(|()| fits(&dims, &source.shape())) {
            return self.refuse(op, problem);
        }
        self.add(&source.put(op, along, indices.iter().copied().map(Some).collect(), own))
    }

    /// This tensor plus the elements of another, each at the place of an axis that its own index names, and at its own
    /// place of the other axes: as many indices as the other has elements, row-major. The sum, where several meet.
    #[track_caller]
    pub fn scatter_add(&self, axis: usize, indices: &[usize], source: &Self) -> Self {
        match self.targets(axis, indices, source) {
            Ok(targets) => self.add(&source.put_flat("scatter_add", targets, self.shape())),
            Err(problem) => self.refuse("scatter_add", problem),
        }
    }

    /// This tensor with the elements of another instead of its own, at places as of [`Self::scatter_add`]. No place may be
    /// named twice.
    #[track_caller]
    pub fn scatter(&self, axis: usize, indices: &[usize], source: &Self) -> Self {
        let op = "scatter";
        let targets = match self.targets(axis, indices, source) {
            Ok(targets) => targets,
            Err(problem) => return self.refuse(op, problem),
        };
        let mut kept: Vec<Option<usize>> = (0..self.shape().len()).map(Some).collect();
        for &target in &targets {
            if kept[target].take().is_none() {
                let problem = format!("two values for element {target}: which one stays would depend on their order");
                return self.refuse(op, Usage::Argument(problem));
            }
        }
        let rest = self.picked(op, Along::flat(&self.shape()), kept, self.shape());
        rest.add(&source.put_flat(op, targets, self.shape()))
    }

    /// The elements of this tensor that those of a source are for.
    fn targets(&self, axis: usize, indices: &[usize], source: &Self) -> Result<Vec<usize>, Usage> {
        let (own, other) = (self.shape(), source.shape());
        let Some(Along { size, inner, .. }) = Along::of(&own, axis) else {
            return Err(Usage::Axis { axis, rank: own.rank() });
        };
        let mut dims = own.dims().to_vec();
        dims[axis] = other.dims().get(axis).copied().unwrap_or(0);
        fits(&dims, &other)?;
        if indices.len() != other.len() {
            let problem = format!("{} indices for the {} elements of {other}", indices.len(), other.len());
            return Err(Usage::Argument(problem));
        }
        in_range(axis, size, indices)?;
        let count = dims[axis];
        Ok(indices
            .iter()
            .enumerate()
            .map(|(at, &index)| (at / inner / count * size + index) * inner + at % inner)
            .collect())
    }

    /// Elements at their places in a tensor of zeros.
    #[track_caller]
    fn put_flat(&self, op: &'static str, targets: Vec<usize>, shape: Shape) -> Self {
        let along = Along::flat(&shape);
        self.reshape(&[self.shape().len()].into()).put(op, along, targets.into_iter().map(Some).collect(), shape)
    }

    #[track_caller]
    fn put(&self, name: &'static str, along: Along, index: Vec<Option<usize>>, shape: Shape) -> Self {
        let pick = Pick { along, index };
        self.then(Map { name, map: Linear::Unpick(pick.clone()), transpose: Linear::Pick(pick), shape }, &[])
    }
}

fn in_range(axis: usize, size: usize, indices: &[usize]) -> Result<(), Usage> {
    match indices.iter().find(|&&index| index >= size) {
        Some(index) => Err(Usage::Argument(format!("index {index} is out of range for size {size} of axis {axis}"))),
        None => Ok(()),
    }
}

fn fits(dims: &[usize], source: &Shape) -> Result<(), Usage> {
    match source.dims() == dims {
        true => Ok(()),
        false => Err(Usage::Shape { expected: format!("{} for the values that are put in", Shape::from(dims)) }),
    }
}
