//! Maxima of windows: 4 rounds for each halving of a window's rows and of its columns, whatever the tensor's size, exact:
//! 8 for 2 x 2.
//!
//! The largest of ReLUs is the ReLU of the largest, and there are fewer of those. So if what is pooled is a ReLU that has
//! not run yet, and there are at most half as many windows as elements, the windows are those of what it is made of, and
//! the last halving has zero as a third candidate: 5 rounds instead of 4, and no ReLU before. For 2 x 2 that is 9 rounds
//! and 5/4 comparisons an element instead of 12 and 7/4, and the same gradients. A ReLU that is read elsewhere too runs
//! there.

use super::{Planes, Pool, even};
use crate::{
    engine::{Comparison, Logic},
    error::Usage,
    op::{Handle, Meaning, POOL_OF_RELU},
};

impl Handle {
    /// The largest of each window over the last two axes.
    #[track_caller]
    pub fn max_pool2d(&self, pool: &Pool) -> Self {
        let Planes { first, sizes, windows } = match self.planes(pool) {
            Ok(planes) => planes,
            Err(problem) => return self.refuse("max_pool", problem),
        };
        let places = |at: usize| (0..windows[at]).map(|window| pool.places(at, sizes[at], window)).collect();
        self.largest("max_pool", first, [places(0), places(1)]).noted(&[self], || Meaning::MaxPool(pool.window()))
    }

    /// The largest of each of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not
    /// divide.
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, windows: [usize; 2]) -> Self {
        match self.even_planes(windows) {
            Ok(Planes { first, sizes, .. }) => {
                let places = [even(sizes[0], windows[0]), even(sizes[1], windows[1])];
                let pooled = self.largest("adaptive_max_pool", first, places);
                match sizes[0] % windows[0] == 0 && sizes[1] % windows[1] == 0 {
                    true => pooled.noted(&[self], || {
                        let kernel = [sizes[0] / windows[0], sizes[1] / windows[1]];
                        Meaning::MaxPool(Pool { kernel, stride: kernel, ..Pool::new(1) }.window())
                    }),
                    false => pooled,
                }
            }
            Err(problem) => self.refuse("adaptive_max_pool", problem),
        }
    }

    /// The largest of each row's part, then the largest of those: fewer comparisons than over the window at once.
    #[track_caller]
    fn largest(&self, op: &'static str, first: usize, [rows, columns]: [Vec<Vec<usize>>; 2]) -> Self {
        if rows.iter().chain(&columns).any(Vec::is_empty) {
            let problem = "a window that lies in the padding has no largest element".into();
            return self.refuse(op, Usage::Argument(problem));
        }
        let outer: usize = self.shape().dims()[..first].iter().product();
        let few = 2 * outer * rows.len() * columns.len() <= self.shape().len();
        let before = if few { self.before_relu() } else { None };
        if before.is_some() {
            self.runtime().rewritten(POOL_OF_RELU, op);
        }
        let (x, zero) = before.map_or_else(|| (self.clone(), false), |x| (x, true));
        // A zero joins the last halving that there is.
        match rows.iter().any(|places| places.len() > 1) {
            true => x.largest_along(first + 1, &columns, false).largest_along(first, &rows, zero),
            false => x.largest_along(first, &rows, false).largest_along(first + 1, &columns, zero),
        }
    }

    /// The largest of windows along one axis, which cover these places each, and perhaps of zero. A window with fewer places
    /// than others has its last again, which changes no maximum.
    #[track_caller]
    fn largest_along(&self, axis: usize, windows: &[Vec<usize>], zero: bool) -> Self {
        let taps = windows.iter().map(Vec::len).max().unwrap_or(0);
        let mut candidates = Vec::with_capacity(taps);
        for tap in 0..taps {
            let places: Vec<usize> = windows.iter().map(|places| places[tap.min(places.len() - 1)]).collect();
            candidates.push(self.stepped(axis, &places));
        }
        while candidates.len() > 1 {
            if let ([a, b], true) = (&candidates[..], zero) {
                return a.larger_or_zero(b);
            }
            let mut larger = Vec::with_capacity(candidates.len().div_ceil(2));
            for pair in candidates.chunks(2) {
                larger.push(if let [a, b] = pair { a.maximum(b) } else { pair[0].clone() });
            }
            candidates = larger;
        }
        let largest = candidates.pop().unwrap_or_else(|| self.clone());
        if zero { largest.relu() } else { largest }
    }

    /// The largest of two and zero: 3 comparisons at once, in 5 rounds with the openings.
    #[track_caller]
    fn larger_or_zero(&self, other: &Self) -> Self {
        let wins = self.compare(Comparison::NotLess, other);
        let (this, that) = (self.compare_with(Comparison::NotLess, 0.0), other.compare_with(Comparison::NotLess, 0.0));
        let (this, that) = (this.logic(Logic::And, &wins), that.logic(Logic::And, &wins.not()));
        this.keep(self).add(&that.keep(other))
    }

    /// Places along an axis: a view, which shares the opening of what it views, if they are at equal distances.
    #[track_caller]
    fn stepped(&self, axis: usize, places: &[usize]) -> Self {
        let step = match places {
            [first, second, ..] if second > first => second - first,
            _ => 1,
        };
        let even = places.iter().enumerate().all(|(at, &place)| place == places[0] + at * step);
        match places.last() {
            Some(&last) if even => self.slice(axis, places[0]..last + 1, step),
            _ => self.index_select(axis, places),
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
}
