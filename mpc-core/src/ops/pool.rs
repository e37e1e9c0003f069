//! Pooling over the last two axes. Averages: sums of windows are free, and the rescale costs a [`combine`](super::combine).
//! Maxima: 4 rounds for each halving of a window's rows and of its columns, whatever the tensor's size, exact: 8 for 2 x 2.

use crate::{error::Usage, op::Handle};
use std::ops::RangeInclusive;

/// How a window slides over the last two axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// The window, by rows and by columns.
    pub kernel: [usize; 2],
    /// Steps.
    pub stride: [usize; 2],
    /// Added before and after: zeros that count for an average, nothing for a maximum. At most half of the window.
    pub padding: [usize; 2],
    /// Distance of the window's elements.
    pub dilation: [usize; 2],
}

impl Pool {
    /// A square window that moves by its own size.
    pub fn new(kernel: usize) -> Self {
        Self { kernel: [kernel; 2], stride: [kernel; 2], padding: [0; 2], dilation: [1; 2] }
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

    /// For one axis, the columns: the rows stay as they are.
    fn of_columns(self) -> Self {
        let columns = |[_, columns]: [usize; 2], row| [row, columns];
        Self {
            kernel: columns(self.kernel, 1),
            stride: columns(self.stride, 1),
            padding: columns(self.padding, 0),
            dilation: columns(self.dilation, 1),
        }
    }

    /// The taps of a window of an axis of some size that are not in the padding.
    fn inside(&self, at: usize, size: usize, window: usize) -> RangeInclusive<usize> {
        let (first, padding, dilation) = (window * self.stride[at], self.padding[at], self.dilation[at]);
        let low = padding.saturating_sub(first).div_ceil(dilation);
        let high = (size + padding).saturating_sub(first + 1) / dilation;
        low..=high.min(self.kernel[at] - 1)
    }

    /// How many windows fit an axis of some size.
    fn windows(&self, at: usize, size: usize) -> Result<usize, Usage> {
        let Self { kernel, stride, padding, dilation } = self;
        let (kernel, stride, padding, dilation) = (kernel[at], stride[at], padding[at], dilation[at]);
        let reach = kernel.checked_sub(1).and_then(|steps| steps.checked_mul(dilation));
        let rest =
            reach.and_then(|reach| size.checked_add(padding.checked_mul(2)?)?.checked_sub(reach)?.checked_sub(1));
        match rest {
            Some(rest) if stride > 0 && dilation > 0 && padding <= kernel / 2 => Ok(rest / stride + 1),
            _ => Err(Usage::Argument(format!(
                "a window of {kernel} with stride {stride}, padding {padding} (at most half of the window) and dilation \
                 {dilation} does not fit an axis of {size}"
            ))),
        }
    }
}

impl Handle {
    /// The sizes of the last two axes, where they start, and how many windows fit.
    fn pools(&self, pool: &Pool) -> Result<(usize, [usize; 2], [usize; 2]), Usage> {
        let shape = self.shape();
        let &[ref outer @ .., rows, columns] = shape.dims() else {
            return Err(Usage::Shape { expected: "at least two axes".into() });
        };
        Ok((outer.len(), [rows, columns], [pool.windows(0, rows)?, pool.windows(1, columns)?]))
    }

    /// The largest of each window over the last two axes.
    #[track_caller]
    pub fn max_pool2d(&self, pool: &Pool) -> Self {
        match self.pools(pool) {
            Err(problem) => self.refuse("max_pool", problem),
            Ok((_, sizes, windows))
                if (0..2).any(|at| (0..windows[at]).any(|window| pool.inside(at, sizes[at], window).is_empty())) =>
            {
                self.refuse(
                    "max_pool",
                    Usage::Argument("a window that lies in the padding has no largest element".into()),
                )
            }
            // The largest of each row's part, then the largest of those: fewer comparisons than over the window at once.
            Ok((first, _, windows)) => {
                self.max_windows(first + 1, pool, 1, windows[1]).max_windows(first, pool, 0, windows[0])
            }
        }
    }

    /// The largest of windows along one axis. A place in the padding reads the nearest place of its window that is not,
    /// which changes no maximum.
    #[track_caller]
    fn max_windows(&self, axis: usize, pool: &Pool, at: usize, windows: usize) -> Self {
        let (stride, padding, dilation) = (pool.stride[at], pool.padding[at], pool.dilation[at]);
        let size = self.shape().dims().get(axis).copied().unwrap_or(0);
        let mut places = Vec::with_capacity(pool.kernel[at]);
        for tap in 0..pool.kernel[at] {
            if padding == 0 {
                let start = tap * dilation;
                places.push(self.slice(axis, start..start + (windows - 1) * stride + 1, stride));
                continue;
            }
            let place = |window: usize| {
                let (low, high) = pool.inside(at, size, window).into_inner();
                (window * stride + tap.clamp(low, high) * dilation).saturating_sub(padding)
            };
            places.push(self.index_select(axis, &(0..windows).map(place).collect::<Vec<_>>()));
        }
        while places.len() > 1 {
            let mut larger = Vec::with_capacity(places.len().div_ceil(2));
            for pair in places.chunks(2) {
                larger.push(if let [a, b] = pair { a.maximum(b) } else { pair[0].clone() });
            }
            places = larger;
        }
        places.pop().unwrap_or_else(|| self.clone())
    }

    /// The mean of each window over the last two axes; padding counts as zeros.
    #[track_caller]
    pub fn avg_pool2d(&self, pool: &Pool) -> Self {
        let (first, ..) = match self.pools(pool) {
            Err(problem) => return self.refuse("avg_pool", problem),
            Ok(_) if pool.dilation != [1; 2] => {
                return self.refuse("avg_pool", Usage::Argument("an average has no dilation".into()));
            }
            Ok(pools) => pools,
        };
        let mut amounts = vec![(0, 0); first];
        amounts.extend(pool.padding.map(|padding| (padding, padding)));
        let windows = self.pad(&amounts, 0.0).windows("avg_pool", pool.kernel, pool.stride);
        windows.sum(&[first + 2, first + 3], false).scale(1.0 / (pool.kernel[0] * pool.kernel[1]) as f64)
    }

    /// The mean of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not divide.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, windows: [usize; 2]) -> Self {
        let shape = self.shape();
        let &[ref outer @ .., rows, columns] = shape.dims() else {
            return self.refuse("adaptive_avg_pool", Usage::Shape { expected: "at least two axes".into() });
        };
        if windows.contains(&0) || rows == 0 || columns == 0 {
            let problem = Usage::Argument(format!("{windows:?} windows over axes of {rows} and {columns}"));
            return self.refuse("adaptive_avg_pool", problem);
        }
        if rows % windows[0] == 0 && columns % windows[1] == 0 {
            let kernel = [rows / windows[0], columns / windows[1]];
            return self.avg_pool2d(&Pool { kernel, stride: kernel, padding: [0; 2], dilation: [1; 2] });
        }
        let (sums, row_factor) = self.even_sums(outer.len(), rows, windows[0]);
        let (sums, column_factor) = sums.even_sums(outer.len() + 1, columns, windows[1]);
        sums.scale(1.0 / (row_factor * column_factor) as f64)
    }

    /// The means along one axis times a common whole factor: exact, so that one rescale does for all windows.
    #[track_caller]
    fn even_sums(&self, axis: usize, size: usize, windows: usize) -> (Self, usize) {
        let window = |at: usize| (at * size / windows, ((at + 1) * size).div_ceil(windows));
        let counts = (0..windows).map(|at| window(at).1 - window(at).0);
        // Windows have one of two neighbouring sizes.
        let (small, large) = (counts.clone().min().unwrap_or(1), counts.max().unwrap_or(1));
        let common = if small == large { small } else { small * large };
        let mut sums = Vec::with_capacity(windows);
        for at in 0..windows {
            let (start, end) = window(at);
            sums.push(self.slice(axis, start..end, 1).sum(&[axis], true).scale((common / (end - start)) as f64));
        }
        let (first, rest) = (sums[0].clone(), sums[1..].iter().collect::<Vec<_>>());
        (first.concat(&rest, axis), common)
    }

    /// The mean over the last two axes, which keep size 1.
    #[track_caller]
    pub fn global_avg_pool(&self) -> Self {
        match self.shape().rank().checked_sub(2) {
            Some(first) => self.mean(&[first, first + 1], true),
            None => self.refuse("global_avg_pool", Usage::Shape { expected: "at least two axes".into() }),
        }
    }

    /// The largest over the last two axes, which keep size 1.
    #[track_caller]
    pub fn global_max_pool(&self) -> Self {
        match self.shape().rank().checked_sub(2) {
            Some(first) => self.flatten(first).max(first).unsqueeze(first).unsqueeze(first),
            None => self.refuse("global_max_pool", Usage::Shape { expected: "at least two axes".into() }),
        }
    }

    /// [`Self::max_pool2d`] over the last axis, by the columns' options.
    #[track_caller]
    pub fn max_pool1d(&self, pool: &Pool) -> Self {
        match self.shape().rank().checked_sub(1) {
            Some(last) => self.unsqueeze(last).max_pool2d(&pool.of_columns()).dropped(last),
            None => self.refuse("max_pool", Usage::Shape { expected: "at least one axis".into() }),
        }
    }

    /// [`Self::avg_pool2d`] over the last axis, by the columns' options.
    #[track_caller]
    pub fn avg_pool1d(&self, pool: &Pool) -> Self {
        match self.shape().rank().checked_sub(1) {
            Some(last) => self.unsqueeze(last).avg_pool2d(&pool.of_columns()).dropped(last),
            None => self.refuse("avg_pool", Usage::Shape { expected: "at least one axis".into() }),
        }
    }

    #[track_caller]
    fn dropped(&self, axis: usize) -> Self {
        if self.error().is_some() { self.clone() } else { self.squeeze(axis) }
    }
}
