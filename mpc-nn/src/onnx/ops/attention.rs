//! Scaled dot-product attention as one step, which exporters write from version 23 on.

use super::{Entry, Inputs, Operator, arithmetic::zip, matmul, op, softmax::softmax_last};
use crate::onnx::{
    array::{Array, Element, sized},
    report::Reason,
    value::{Context, Value},
};
use mpc_core::op::Handle;
use ndarray::IxDyn;

/// Queries, keys and values `[n, heads, steps, size]`, or `[n, steps, heads * size]`; perhaps a mask, which is added, or of
/// truth values.
struct Attention {
    causal: bool,
    heads: Option<[usize; 2]>,
    scale: Option<f64>,
}

/// The sizes of one operand: `[n, heads, steps, size]`.
type Sizes = [usize; 4];

impl Attention {
    fn sizes(&self, q: &[usize], k: &[usize], v: &[usize]) -> Result<[Sizes; 3], Reason> {
        let of = |shape: &[usize], heads: Option<usize>| match (shape, heads) {
            (&[n, heads, steps, size], _) => Ok([n, heads, steps, size]),
            (&[n, steps, all], Some(heads)) if heads > 0 && all % heads == 0 => Ok([n, heads, steps, all / heads]),
            _ => Reason::err(format!("queries, keys or values of shape {shape:?} do not fit its heads")),
        };
        let [own, shared] = match self.heads {
            Some([own, shared]) => [Some(own), Some(shared)],
            None => [None, None],
        };
        let (q, k, v) = (of(q, own)?, of(k, shared)?, of(v, shared)?);
        let fits = q[0] == k[0] && k[..3] == v[..3] && q[3] == k[3] && k[1] > 0 && q[1] % k[1] == 0 && q[3] > 0;
        if fits { Ok([q, k, v]) } else { Reason::err("its queries, keys and values do not fit") }
    }

    /// What each score is multiplied with.
    fn scale(&self, size: usize) -> f64 {
        self.scale.unwrap_or(1.0 / (size as f64).sqrt())
    }

    /// What is added to the scores by the steps alone: nothing, or minus infinity for what is to come.
    fn bias(&self, queries: usize, keys: usize) -> Result<Option<Array>, Reason> {
        if !self.causal {
            return Ok(None);
        }
        sized(&[queries, keys])?;
        let of = |place: usize| if place % keys > place / keys { f64::NEG_INFINITY } else { 0.0 };
        Array::new(Element::Float, &[queries, keys], (0..queries * keys).map(of).collect()).map(Some)
    }
}

/// A mask of truth values as what is added to scores.
fn added(mask: &Array) -> Array {
    match mask.element {
        Element::Bool => Array::float(mask.values.mapv(|x| if x != 0.0 { 0.0 } else { f64::NEG_INFINITY })),
        _ => mask.clone(),
    }
}

/// The order of axes between the two forms of an operand.
const TURNED: [usize; 4] = [0, 2, 1, 3];

impl Operator for Attention {
    fn clear(&self, x: &Inputs<'_, Array>) -> Result<Vec<Array>, Reason> {
        let given = [x.need(0)?, x.need(1)?, x.need(2)?];
        let sizes = self.sizes(given[0].shape(), given[1].shape(), given[2].shape())?;
        let ([n, heads, queries, size], keys) = (sizes[0], sizes[1][2]);
        let split = |x: &Array, [n, own, steps, size]: Sizes| -> Result<Array, Reason> {
            let mut values = match x.rank() {
                4 => x.values.clone(),
                _ => x.reshaped(&[n, steps, own, size])?.values.permuted_axes(IxDyn(&TURNED)),
            };
            if own != heads {
                // Several queries share a head of keys and values.
                let picked: Vec<usize> = (0..heads).map(|head| head / (heads / own)).collect();
                values = values.select(ndarray::Axis(1), &picked);
            }
            Ok(Array::float(values))
        };
        let (q, k, v) = (split(given[0], sizes[0])?, split(given[1], sizes[1])?, split(given[2], sizes[2])?);
        let turned = Array::float(k.values.permuted_axes(IxDyn(&[0, 1, 3, 2])));
        let mut scores = matmul::matmul(&q, &turned)?.map(|x| x * self.scale(size));
        let mask = x.get(3).map(added);
        for bias in self.bias(queries, keys)?.iter().chain(&mask) {
            scores = zip(&scores, bias, Element::Float, |a, b| a + b)?;
        }
        let y = matmul::matmul(&softmax_last(&scores), &v)?;
        let y = match given[0].rank() {
            4 => y,
            _ => {
                let turned = Array::float(y.values.permuted_axes(IxDyn(&TURNED)));
                turned.reshaped(&[n, queries, heads * sizes[2][3]])?
            }
        };
        Ok(vec![y])
    }

    fn secret(&self, cx: &Context<'_>, x: &Inputs<'_, Value>) -> Result<Vec<Value>, Reason> {
        let given = [x.need(0)?, x.need(1)?, x.need(2)?];
        let sizes = self.sizes(&given[0].shape(), &given[1].shape(), &given[2].shape())?;
        let ([n, heads, queries, size], keys) = (sizes[0], sizes[1][2]);
        let split = |x: &Value, [n, own, steps, size]: Sizes| -> Handle {
            let x = match x.shape().len() {
                4 => cx.operand(x),
                _ => cx.operand(x).reshape(&[n, steps, own, size].into()).permute(&TURNED),
            };
            if own == heads { x } else { x.repeat_interleave(1, heads / own) }
        };
        let (q, k, v) = (split(given[0], sizes[0]), split(given[1], sizes[1]), split(given[2], sizes[2]));
        // The smaller operand is scaled.
        let mut scores = q.scale(self.scale(size)).matmul(&k.permute(&[0, 1, 3, 2]));
        if let Some(bias) = self.bias(queries, keys)? {
            scores = scores.add(cx.public(&bias).handle());
        }
        if let Some(mask) = x.get(3) {
            let added = match mask {
                Value::Public(mask) => cx.public(&added(mask)).handle().clone(),
                Value::Bits(bits) => cx.number(-cx.ceiling()).sub(&bits.number().handle().scale(-cx.ceiling())),
                Value::Secret(x, _) => x.handle().clone(),
            };
            scores = scores.add(&added);
        }
        let y = scores.softmax(3).matmul(&v);
        let y = match given[0].shape().len() {
            4 => y,
            _ => y.permute(&TURNED).reshape(&[n, queries, heads * sizes[2][3]].into()),
        };
        super::one(Value::float(y))
    }
}

pub(super) const OPERATORS: &[Entry] = &[op("Attention", |at| {
    if at.inputs() > 4 || at.outputs() > 1 {
        return Reason::err("keys and values of the past, and further outputs, are not supported");
    }
    at.only("qk_matmul_output_mode", 0)?;
    at.ignore(&["softmax_precision"]);
    if at.float("softcap", 0.0)? != 0.0 {
        return Reason::err("`softcap` is not supported");
    }
    let size = |name| Ok::<_, Reason>(at.int_if(name)?.and_then(|heads| usize::try_from(heads).ok()));
    let heads = match (size("q_num_heads")?, size("kv_num_heads")?) {
        (Some(own), Some(shared)) => Some([own, shared]),
        _ => None,
    };
    Ok(Box::new(Attention { causal: at.flag("is_causal", false)?, heads, scale: at.float_if("scale")? }))
})
.since(23)
.note("one output; no past, no `softcap`")];
