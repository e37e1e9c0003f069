//! Pooling over the last two axes: how windows lie, and the one-dimensional forms.

mod avg;
mod max;

use crate::{
    error::Usage,
    op::{Handle, Window},
};

/// How a window slides over the last two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// The window, by rows and by columns.
    pub kernel: [usize; 2],
    /// Steps.
    pub stride: [usize; 2],
    /// Added before and after: zeros for an average, nothing for a maximum. At most half of the window.
    pub padding: [usize; 2],
    /// Distance of the window's elements.
    pub dilation: [usize; 2],
    /// Whether a last window that reaches beyond the end counts too, if it starts before it (PyTorch's `ceil_mode`).
    pub partial: bool,
    /// Whether the padding counts in an average. What a partial window has beyond the padding never does.
    pub count_padding: bool,
}

impl Pool {
    /// A square window that moves by its own size.
    pub fn new(kernel: usize) -> Self {
        Self {
            kernel: [kernel; 2],
            stride: [kernel; 2],
            padding: [0; 2],
            dilation: [1; 2],
            partial: false,
            count_padding: true,
        }
    }

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

    /// With a last window that reaches beyond the end: see [`Self::partial`].
    #[must_use]
    pub fn partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Averages over what is inside only: see [`Self::count_padding`].
    #[must_use]
    pub fn without_padding(mut self) -> Self {
        self.count_padding = false;
        self
    }

    /// For one axis, the columns: the rows stay as they are.
    fn of_columns(self) -> Self {
        let columns = |[_, columns]: [usize; 2], row| [row, columns];
        Self {
            kernel: columns(self.kernel, 1),
            stride: columns(self.stride, 1),
            padding: columns(self.padding, 0),
            dilation: columns(self.dilation, 1),
            ..self
        }
    }

    fn window(self) -> Window {
        let Self { kernel, stride, padding, dilation, partial, count_padding } = self;
        Window { kernel, stride, padding, dilation, partial, count_padding }
    }

    /// How many windows fit an axis of some size.
    fn windows(&self, at: usize, size: usize) -> Result<usize, Usage> {
        let Self { kernel, stride, padding, dilation, .. } = self;
        let (kernel, stride, padding, dilation) = (kernel[at], stride[at], padding[at], dilation[at]);
        let reach = kernel.checked_sub(1).and_then(|steps| steps.checked_mul(dilation));
        let rest =
            reach.and_then(|reach| size.checked_add(padding.checked_mul(2)?)?.checked_sub(reach)?.checked_sub(1));
        match rest {
            Some(rest) if stride > 0 && dilation > 0 && padding <= kernel / 2 => {
                let whole = rest / stride + 1;
                // A further window must start inside, or in the padding before it.
                let starts = whole.checked_mul(stride).is_some_and(|start| start < size + padding);
                Ok(whole + usize::from(self.partial && rest % stride > 0 && starts))
            }
            _ => Err(Usage::Argument(format!(
                "a window of {kernel} with stride {stride}, padding {padding} (at most half of the window) and dilation \
                 {dilation} does not fit an axis of {size}"
            ))),
        }
    }

    /// The places of an axis that a window covers, without the padding.
    fn places(&self, at: usize, size: usize, window: usize) -> Vec<usize> {
        let first = window * self.stride[at];
        let place = |tap: usize| (first + tap * self.dilation[at]).checked_sub(self.padding[at]);
        (0..self.kernel[at]).filter_map(place).filter(|&place| place < size).collect()
    }
}

/// The places that each of so many windows covers if together they cover an axis evenly, overlapping if they must.
fn even(size: usize, windows: usize) -> Vec<Vec<usize>> {
    (0..windows).map(|at| (at * size / windows..((at + 1) * size).div_ceil(windows)).collect()).collect()
}

/// Sizes of the last two axes, how many axes are before them, and how many windows fit.
struct Planes {
    first: usize,
    sizes: [usize; 2],
    windows: [usize; 2],
}

impl Handle {
    fn planes(&self, pool: &Pool) -> Result<Planes, Usage> {
        let shape = self.shape();
        let &[ref outer @ .., rows, columns] = shape.dims() else {
            return Err(Usage::Shape { expected: "at least two axes".into() });
        };
        let windows = [pool.windows(0, rows)?, pool.windows(1, columns)?];
        Ok(Planes { first: outer.len(), sizes: [rows, columns], windows })
    }

    /// The same for windows that cover the planes evenly.
    fn even_planes(&self, windows: [usize; 2]) -> Result<Planes, Usage> {
        let shape = self.shape();
        let &[ref outer @ .., rows, columns] = shape.dims() else {
            return Err(Usage::Shape { expected: "at least two axes".into() });
        };
        if windows.contains(&0) || rows == 0 || columns == 0 {
            return Err(Usage::Argument(format!("{windows:?} windows over axes of {rows} and {columns}")));
        }
        Ok(Planes { first: outer.len(), sizes: [rows, columns], windows })
    }

    /// Planes of one row.
    #[track_caller]
    fn as_planes(&self) -> Result<Self, Usage> {
        let last = self.shape().rank().checked_sub(1);
        last.map(|last| self.unsqueeze(last)).ok_or_else(|| Usage::Shape { expected: "at least one axis".into() })
    }

    /// The row of planes of one row.
    #[track_caller]
    fn of_planes(&self) -> Self {
        let rows = self.shape().rank().saturating_sub(2);
        if self.error().is_some() { self.clone() } else { self.squeeze(rows) }
    }

    /// [`Self::max_pool2d`] over the last axis, by the columns' options.
    #[track_caller]
    pub fn max_pool1d(&self, pool: &Pool) -> Self {
        match self.as_planes() {
            Ok(planes) => planes.max_pool2d(&pool.of_columns()).of_planes(),
            Err(problem) => self.refuse("max_pool", problem),
        }
    }

    /// [`Self::avg_pool2d`] over the last axis, by the columns' options.
    #[track_caller]
    pub fn avg_pool1d(&self, pool: &Pool) -> Self {
        match self.as_planes() {
            Ok(planes) => planes.avg_pool2d(&pool.of_columns()).of_planes(),
            Err(problem) => self.refuse("avg_pool", problem),
        }
    }

    /// [`Self::adaptive_max_pool2d`] over the last axis.
    #[track_caller]
    pub fn adaptive_max_pool1d(&self, windows: usize) -> Self {
        match self.as_planes() {
            Ok(planes) => planes.adaptive_max_pool2d([1, windows]).of_planes(),
            Err(problem) => self.refuse("adaptive_max_pool", problem),
        }
    }

    /// [`Self::adaptive_avg_pool2d`] over the last axis.
    #[track_caller]
    pub fn adaptive_avg_pool1d(&self, windows: usize) -> Self {
        match self.as_planes() {
            Ok(planes) => planes.adaptive_avg_pool2d([1, windows]).of_planes(),
            Err(problem) => self.refuse("adaptive_avg_pool", problem),
        }
    }
}
