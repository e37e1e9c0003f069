//! Data that several parties hold pieces of.

use mpc_core::{Error, Result, Secret, Session, Shape, Tensor, Usage, op::Handle};
use ndarray::Array2;
use std::panic::Location;

/// Every party tells all others some public numbers: row `p` of the result is what party `p` said. All must say as many.
/// 1 round. Goes into the reveal ledger, as `announce`.
///
/// # Errors
/// Whatever stopped the session.
#[track_caller]
pub fn announce(s: &Session, own: &[f64]) -> impl Future<Output = Result<Vec<Vec<f64>>>> + use<> {
    let _scope = s.scope("announce");
    let told = |(party, name): (usize, &String)| -> Handle {
        let values = (party == s.runtime().me()).then(|| Ok(own.to_vec()));
        let own = Handle::private(s.runtime(), (party, name), Shape::from([own.len()]), values);
        own.share().reveal(None)
    };
    let told: Vec<Handle> = s.names().iter().enumerate().map(told).collect();
    async move {
        let mut all = Vec::with_capacity(told.len());
        for told in told {
            all.push(told.read().await?.unwrap_or_default());
        }
        Ok(all)
    }
}

/// The rows of all parties below each other: each gives its own, `[rows, columns]`, or none. The numbers of rows and columns
/// are told to everybody; nothing else is.
///
/// # Errors
/// [`Error::Usage`] at every party, if the numbers of columns differ; whatever stopped the session.
#[track_caller]
pub fn horizontal(s: &Session, own: Option<Array2<f64>>) -> impl Future<Output = Result<Tensor<Secret>>> {
    joined(s, own, 0)
}

/// The columns of all parties beside each other: each gives its own of the same rows in the same order, `[rows, columns]`,
/// or none. The numbers of rows and columns are told to everybody; nothing else is. Aligning the rows is yours.
///
/// # Errors
/// [`Error::Usage`] at every party, if the numbers of rows differ; whatever stopped the session.
#[track_caller]
pub fn vertical(s: &Session, own: Option<Array2<f64>>) -> impl Future<Output = Result<Tensor<Secret>>> {
    joined(s, own, 1)
}

#[track_caller]
fn joined(s: &Session, own: Option<Array2<f64>>, axis: usize) -> impl Future<Output = Result<Tensor<Secret>>> {
    let (s, at) = (s.clone(), Location::caller());
    let dims = own.as_ref().map_or([0.0; 2], |own| [own.nrows() as f64, own.ncols() as f64]);
    let told = announce(&s, &dims);
    async move {
        let shapes: Vec<Shape> =
            told.await?.iter().map(|dims| Shape::from([dims[0] as usize, dims[1] as usize])).collect();
        let given: Vec<_> =
            shapes.iter().zip(s.names()).enumerate().filter(|(_, (shape, _))| !shape.is_empty()).collect();
        let along = |shape: &Shape| shape.dims()[1 - axis];
        let differ = given.windows(2).any(|pair| along(pair[0].1.0) != along(pair[1].1.0));
        if differ || given.is_empty() {
            let (op, what) = if axis == 0 { ("horizontal", "columns") } else { ("vertical", "rows") };
            let list: Vec<_> = given.iter().map(|(_, (shape, name))| format!("{name}: {}", along(shape))).collect();
            let expected = match differ {
                true => format!("as many {what} at every party that gives any ({})", list.join(", ")),
                false => "data at one party at least".to_owned(),
            };
            let problem = Usage::Shape { expected };
            return Err(Error::Usage { op: op.into(), problem, shapes, scope: op.into(), at });
        }
        let values: Vec<f64> = own.into_iter().flatten().collect();
        let share = |(party, (shape, name)): &(usize, (&Shape, &String))| -> Tensor<Secret> {
            let here = (*party == s.runtime().me()).then(|| Ok(values.clone()));
            Handle::private(s.runtime(), (*party, name), (*shape).clone(), here).share().into()
        };
        let parts: Vec<_> = given.iter().map(share).collect();
        Ok(parts[1..].iter().fold(parts[0].clone(), |all, part| all.concat(part, axis)))
    }
}
