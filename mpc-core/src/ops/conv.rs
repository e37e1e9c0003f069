//! Convolutions, transposed convolutions, and their gradients: one opening of x and of w, one correction of the result's
//! size (8 B dealt an element), one rescale. Costs of [`mul`](super::mul). Error: one unit of the last place.

use super::refuse::sized;
use crate::{
    bilinear::Bilinear,
    conv::{Geometry, Third},
    engine::{Engine, Forward, Operand},
    error::Usage,
    op::{Fusion, Handle, Meaning, Op, Window},
    preprocessing::Need,
    shape::Shape,
};

/// How a kernel slides over the last two axes, and what it mixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Conv {
    /// Steps, by rows and by columns.
    pub stride: [usize; 2],
    /// Zeros before and after.
    pub padding: [usize; 2],
    /// Distance of the kernel's elements.
    pub dilation: [usize; 2],
    /// Groups of channels that do not mix.
    pub groups: usize,
    /// Of a transposed convolution: rows and columns more at the end, less than the stride.
    pub output_padding: [usize; 2],
}

impl Default for Conv {
    fn default() -> Self {
        Self { stride: [1; 2], padding: [0; 2], dilation: [1; 2], groups: 1, output_padding: [0; 2] }
    }
}

impl Conv {
    /// The same stride both ways.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = [stride; 2];
        self
    }

    /// The same padding on all sides.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = [padding; 2];
        self
    }

    /// The same dilation both ways.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.dilation = [dilation; 2];
        self
    }

    /// Groups of channels that do not mix.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Of a transposed convolution: the same extra rows and columns.
    #[must_use]
    pub fn output_padding(mut self, more: usize) -> Self {
        self.output_padding = [more; 2];
        self
    }

    /// For one axis, the columns: the rows stay as they are.
    fn of_columns(self) -> Self {
        let columns = |[_, columns]: [usize; 2], row| [row, columns];
        Self {
            stride: columns(self.stride, 1),
            padding: columns(self.padding, 0),
            dilation: columns(self.dilation, 1),
            groups: self.groups,
            output_padding: columns(self.output_padding, 0),
        }
    }

    /// The geometry of a convolution of x `[n, c, h, w]`, or transposed of y, with w `[filters, c / groups, k, l]`.
    fn geometry(&self, of: &Shape, w: &Shape, transposed: bool) -> Result<Geometry, Usage> {
        let &Self { stride, padding, dilation, groups, output_padding } = self;
        let (&[images, planes, height, width], &[filters, channels, k, l]) = (of.dims(), w.dims()) else {
            return Err(Usage::Shape {
                expected: "[images, channels, rows, columns] and a weight of four axes".into(),
            });
        };
        let argument = |what: String| Err(Usage::Argument(what));
        if groups == 0 || stride.contains(&0) || dilation.contains(&0) || k == 0 || l == 0 {
            return argument("stride, dilation, groups and kernel must be at least 1".into());
        }
        let (size, kernel) = ([height, width], [k, l]);
        let mixed = if transposed { Some(filters) } else { channels.checked_mul(groups) };
        if mixed != Some(planes) || filters % groups != 0 {
            let expected = match transposed {
                false => {
                    format!("{planes} channels in {groups} groups, and a weight of [filters, {planes} / {groups}, ..]")
                }
                true => {
                    format!("{planes} channels in {groups} groups, and a weight of [{planes}, filters / {groups}, ..]")
                }
            };
            return Err(Usage::Shape { expected });
        }
        let mut other = [0; 2];
        for at in 0..2 {
            let reach = dilation[at].checked_mul(kernel[at] - 1).and_then(|reach| reach.checked_add(1));
            let both = padding[at].checked_mul(2);
            let found = if transposed {
                let steps = size[at].saturating_sub(1).checked_mul(stride[at]);
                let grown = steps
                    .zip(reach)
                    .and_then(|(steps, reach)| steps.checked_add(reach)?.checked_add(output_padding[at]));
                grown.zip(both).and_then(|(grown, both)| grown.checked_sub(both)).filter(|_| size[at] > 0)
            } else {
                let padded = both.and_then(|both| size[at].checked_add(both));
                padded
                    .zip(reach)
                    .and_then(|(padded, reach)| padded.checked_sub(reach))
                    .map(|rest| rest / stride[at] + 1)
            };
            match found {
                Some(found) => other[at] = found,
                None => {
                    return argument(format!(
                        "a kernel of {} with stride {}, padding {} and dilation {} does not fit an axis of {}",
                        kernel[at], stride[at], padding[at], dilation[at], size[at]
                    ));
                }
            }
        }
        if transposed && (0..2).any(|at| output_padding[at] >= stride[at].max(dilation[at])) {
            return argument(format!("output padding {output_padding:?} must be less than the stride or the dilation"));
        }
        let (input, output) = if transposed { (other, size) } else { (size, other) };
        let filters = filters / groups;
        let geometry = Geometry { images, groups, channels, filters, input, kernel, output, stride, padding, dilation };
        match geometry.lens() {
            Some(_) => Ok(geometry),
            None => argument("a convolution that is larger than any memory".into()),
        }
    }
}

/// Two of the three arguments of a convolution make the third.
#[derive(Debug)]
struct Convolve {
    third: Third,
    geometry: Geometry,
}

impl Convolve {
    fn map(&self) -> Bilinear {
        Bilinear::Conv { third: self.third, geometry: self.geometry }
    }

    fn shape(&self, which: Third) -> Result<Shape, Usage> {
        let Geometry { images, groups, channels, filters, input, kernel, output, .. } = self.geometry;
        match which {
            Third::Input => sized(&[images, groups * channels, input[0], input[1]]),
            Third::Weight => sized(&[groups * filters, channels, kernel[0], kernel[1]]),
            Third::Output => sized(&[images, groups * filters, output[0], output[1]]),
        }
    }
}

impl Op for Convolve {
    fn name(&self) -> &'static str {
        match self.third {
            Third::Output => "conv",
            Third::Input => "conv_transpose",
            Third::Weight => "conv_weight",
        }
    }
    fn infer(&self, inputs: &[&Shape]) -> Result<Shape, Usage> {
        let shape = self.shape(self.third)?;
        match inputs.get(2) {
            Some(plus) if **plus != shape => {
                Err(Usage::Shape { expected: format!("a bias of one number for each of {} filters", shape.dims()[1]) })
            }
            _ => Ok(shape),
        }
    }
    fn plan(&self, engine: &dyn Engine, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        engine.plan_product(out, &self.map(), x[0], x[1])
    }
    fn forward<'a>(&'a self, engine: &'a dyn Engine, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move { engine.product(out, &self.map(), x[0], x[1], x.get(2).copied()).await })
    }
    fn fusion(&self) -> Option<Fusion> {
        Some(Fusion::Product)
    }
    /// The third argument in turn: of the gradient and the other argument.
    fn vjp(&self, input: usize, grad: &Handle, x: &[Handle]) -> Option<Handle> {
        let geometry = self.geometry;
        let map = |a: &Handle, b: &Handle, third| a.then(Self { third, geometry }, &[b]);
        Some(match (self.third, input) {
            (_, 2) => grad.clone(),
            (Third::Output, 0) => map(grad, &x[1], Third::Input),
            (Third::Output, _) => map(&x[0], grad, Third::Weight),
            (Third::Input, 0) => map(grad, &x[1], Third::Output),
            (Third::Input, _) => map(grad, &x[0], Third::Weight),
            (Third::Weight, 0) => map(&x[1], grad, Third::Input),
            (Third::Weight, _) => map(&x[0], grad, Third::Output),
        })
    }
}

impl Handle {
    /// Says that this is the convolution of two with perhaps a bias.
    fn convolves(
        self,
        [x, w]: [&Self; 2],
        bias: Option<&Self>,
        options: &Conv,
        columns: bool,
        transposed: bool,
    ) -> Self {
        let inputs: Vec<&Self> = [x, w].into_iter().chain(bias).collect();
        let &Conv { stride, padding, dilation, groups, output_padding } = options;
        let &[.., rows, cols] = w.shape().dims() else { return self };
        let kernel = [if columns { 1 } else { rows }, cols];
        self.noted(&inputs, || {
            let window = Window { kernel, stride, padding, dilation, partial: false, count_padding: true };
            Meaning::Conv { window, groups, output_padding, columns, transposed }
        })
    }

    #[track_caller]
    fn convolved(&self, op: &'static str, w: &Self, bias: Option<&Self>, options: &Conv, third: Third) -> Self {
        if let Some(poisoned) = [Some(self), Some(w), bias].into_iter().flatten().find(|x| x.error().is_some()) {
            return poisoned.clone();
        }
        let geometry = match options.geometry(&self.shape(), &w.shape(), third == Third::Input) {
            Ok(geometry) => geometry,
            Err(problem) => return self.refuse(op, problem),
        };
        let convolve = Convolve { third, geometry };
        match bias {
            None => self.then(convolve, &[w]),
            Some(bias) => match convolve.shape(third) {
                // A bias of another size goes to the op, which reports it.
                Ok(shape) if bias.shape().dims() == &shape.dims()[1..2] => {
                    let bias = bias.reshape(&[shape.dims()[1], 1, 1].into()).expand(&shape);
                    self.then(convolve, &[w, &bias])
                }
                _ => self.then(convolve, &[w, bias]),
            },
        }
    }

    /// The convolution of `[n, c, h, w]` with `[filters, c / groups, k, l]`, plus a bias `[filters]`: added before the
    /// rescale, for free.
    #[track_caller]
    pub fn conv2d(&self, w: &Self, bias: Option<&Self>, options: &Conv) -> Self {
        self.convolved("conv2d", w, bias, options, Third::Output).convolves([self, w], bias, options, false, false)
    }

    /// The transposed convolution of `[n, c, h, w]` with `[c, filters / groups, k, l]`, plus a bias `[filters]`.
    #[track_caller]
    pub fn conv_transpose2d(&self, w: &Self, bias: Option<&Self>, options: &Conv) -> Self {
        self.convolved("conv_transpose2d", w, bias, options, Third::Input).convolves(
            [self, w],
            bias,
            options,
            false,
            true,
        )
    }

    /// The convolution of `[n, c, l]` with `[filters, c / groups, k]`, by the columns' options, plus a bias `[filters]`.
    #[track_caller]
    pub fn conv1d(&self, w: &Self, bias: Option<&Self>, options: &Conv) -> Self {
        self.convolved_columns("conv1d", w, bias, options, Third::Output).convolves(
            [self, w],
            bias,
            options,
            true,
            false,
        )
    }

    /// The transposed convolution of `[n, c, l]` with `[c, filters / groups, k]`, by the columns' options, plus a bias
    /// `[filters]`.
    #[track_caller]
    pub fn conv_transpose1d(&self, w: &Self, bias: Option<&Self>, options: &Conv) -> Self {
        self.convolved_columns("conv_transpose1d", w, bias, options, Third::Input).convolves(
            [self, w],
            bias,
            options,
            true,
            true,
        )
    }

    #[track_caller]
    fn convolved_columns(&self, op: &'static str, w: &Self, bias: Option<&Self>, options: &Conv, third: Third) -> Self {
        if self.error().is_none() && w.error().is_none() && (self.shape().rank() != 3 || w.shape().rank() != 3) {
            let expected = "[images, channels, columns] and a weight of three axes".into();
            return self.refuse(op, Usage::Shape { expected });
        }
        let result = self.unsqueeze(2).convolved(op, &w.unsqueeze(2), bias, &options.of_columns(), third);
        if result.error().is_some() { result } else { result.squeeze(2) }
    }
}
