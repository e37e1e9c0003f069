//! Means of windows: sums are free, and the rescale costs a [`combine`](super::super::combine), once for all windows, also
//! where they have different sizes.

use super::{Planes, Pool, even};
use crate::{
    error::Usage,
    op::{Handle, Meaning},
};

impl Handle {
    /// The mean of each window over the last two axes.
    #[track_caller]
    pub fn avg_pool2d(&self, pool: &Pool) -> Self {
        let op = "avg_pool";
        let Planes { first, sizes, windows } = match self.planes(pool) {
            Err(problem) => return self.refuse(op, problem),
            Ok(_) if pool.dilation != [1; 2] => {
                return self.refuse(op, Usage::Argument("an average has no dilation".into()));
            }
            Ok(planes) => planes,
        };
        // What a partial window has beyond the padding is zeros that do not count.
        let end = |at: usize| (windows[at] - 1) * pool.stride[at] + pool.kernel[at];
        let after = |at: usize| end(at).saturating_sub(sizes[at] + pool.padding[at]);
        let mut amounts = vec![(0, 0); first];
        amounts.extend([0, 1].map(|at| (pool.padding[at], after(at))));
        let sums = self.pad(&amounts, 0.0).windows(op, pool.kernel, pool.stride).sum(&[first + 2, first + 3], false);
        let counts = [0, 1].map(|at| {
            let count = |window: usize| match pool.count_padding {
                true => (sizes[at] + 2 * pool.padding[at] - window * pool.stride[at]).min(pool.kernel[at]),
                false => pool.places(at, sizes[at], window).len(),
            };
            (0..windows[at]).map(count).collect::<Vec<_>>()
        });
        sums.means(op, first, &counts).noted(&[self], || Meaning::AvgPool(pool.window()))
    }

    /// The mean of each of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not
    /// divide.
    #[track_caller]
    pub fn adaptive_avg_pool2d(&self, windows: [usize; 2]) -> Self {
        let op = "adaptive_avg_pool";
        let Planes { first, sizes, .. } = match self.even_planes(windows) {
            Ok(planes) => planes,
            Err(problem) => return self.refuse(op, problem),
        };
        if sizes[0] % windows[0] == 0 && sizes[1] % windows[1] == 0 {
            let kernel = [sizes[0] / windows[0], sizes[1] / windows[1]];
            return self.avg_pool2d(&Pool { kernel, stride: kernel, ..Pool::new(1) });
        }
        let places = [even(sizes[0], windows[0]), even(sizes[1], windows[1])];
        let sums = self.sums_along(first, &places[0]).sums_along(first + 1, &places[1]);
        sums.means(op, first, &places.map(|windows| windows.iter().map(Vec::len).collect()))
    }

    /// The sums over neighbouring places along an axis.
    #[track_caller]
    fn sums_along(&self, axis: usize, windows: &[Vec<usize>]) -> Self {
        let mut sums = Vec::with_capacity(windows.len());
        for places in windows {
            sums.push(self.slice(axis, places[0]..places[0] + places.len(), 1).sum(&[axis], true));
        }
        joined(&sums, axis)
    }

    /// Sums over windows of so many rows and columns as means. Sums of few are multiplied by a whole number first, which is
    /// exact and free, so that one rescale does for all.
    #[track_caller]
    fn means(&self, op: &'static str, first: usize, counts: &[Vec<usize>; 2]) -> Self {
        if counts.iter().flatten().any(|&count| count == 0) {
            return self.refuse(op, Usage::Argument("a window that lies in the padding has no mean".into()));
        }
        let (mut sums, mut divisor) = (self.clone(), 1.0);
        for (at, counts) in counts.iter().enumerate() {
            let common = counts.iter().fold(1, |common, &count| least_common_multiple(common, count));
            divisor *= common as f64;
            let (mut parts, mut start) = (Vec::new(), 0);
            for run in counts.chunk_by(|a, b| a == b) {
                let part = sums.slice(first + at, start..start + run.len(), 1);
                parts.push(part.scale((common / run[0]) as f64));
                start += run.len();
            }
            sums = joined(&parts, first + at);
        }
        sums.scale(1.0 / divisor)
    }

    /// The mean over the last two axes, which keep size 1.
    #[track_caller]
    pub fn global_avg_pool(&self) -> Self {
        match self.shape().rank().checked_sub(2) {
            Some(first) => self.mean(&[first, first + 1], true),
            None => self.refuse("global_avg_pool", Usage::Shape { expected: "at least two axes".into() }),
        }
    }
}

/// One after the other along an axis; there is at least one.
#[track_caller]
fn joined(parts: &[Handle], axis: usize) -> Handle {
    match parts {
        [one] => one.clone(),
        _ => parts[0].concat(&parts[1..].iter().collect::<Vec<_>>(), axis),
    }
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    let (mut x, mut y) = (a, b);
    while y > 0 {
        (x, y) = (y, x % y);
    }
    a / x.max(1) * b
}
