//! Maxima of windows: 4 rounds for each halving of a window's rows and of its columns, whatever the tensor's size, exact:
//! 8 for 2 x 2.

use super::{Planes, Pool, even};
use crate::{error::Usage, op::Handle};

impl Handle {
    /// The largest of each window over the last two axes.
    #[track_caller]
    pub fn max_pool2d(&self, pool: &Pool) -> Self {
        let Planes { first, sizes, windows } = match self.planes(pool) {
            Ok(planes) => planes,
            Err(problem) => return self.refuse("max_pool", problem),
        };
        let places = |at: usize| (0..windows[at]).map(|window| pool.places(at, sizes[at], window)).collect();
        self.largest("max_pool", first, [places(0), places(1)])
    }

    /// The largest of each of `[rows, columns]` windows that cover the last two axes evenly, overlapping if the sizes do not
    /// divide.
    #[track_caller]
    pub fn adaptive_max_pool2d(&self, windows: [usize; 2]) -> Self {
        match self.even_planes(windows) {
            Ok(Planes { first, sizes, .. }) => {
                let places = [even(sizes[0], windows[0]), even(sizes[1], windows[1])];
                self.largest("adaptive_max_pool", first, places)
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
        self.largest_along(first + 1, &columns).largest_along(first, &rows)
    }

    /// The largest of windows along one axis, which cover these places each. A window with fewer places than others has its
    /// last again, which changes no maximum.
    #[track_caller]
    fn largest_along(&self, axis: usize, windows: &[Vec<usize>]) -> Self {
        let taps = windows.iter().map(Vec::len).max().unwrap_or(0);
        let mut candidates = Vec::with_capacity(taps);
        for tap in 0..taps {
            let places: Vec<usize> = windows.iter().map(|places| places[tap.min(places.len() - 1)]).collect();
            candidates.push(self.stepped(axis, &places));
        }
        while candidates.len() > 1 {
            let mut larger = Vec::with_capacity(candidates.len().div_ceil(2));
            for pair in candidates.chunks(2) {
                larger.push(if let [a, b] = pair { a.maximum(b) } else { pair[0].clone() });
            }
            candidates = larger;
        }
        candidates.pop().unwrap_or_else(|| self.clone())
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
