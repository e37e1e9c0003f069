//! Learning rates that change: a public factor for every step.

use std::{f64::consts::PI, fmt, rc::Rc};

/// The factor of the learning rate by the number of steps made before. The same to the last bit on every machine, as long
/// as a closure of your own is.
#[derive(Clone)]
pub struct Schedule {
    factor: Rc<dyn Fn(u64) -> f64>,
    text: String,
}

impl Schedule {
    /// A schedule of your own; the text names it where runs are compared.
    pub fn new(text: impl Into<String>, factor: impl Fn(u64) -> f64 + 'static) -> Self {
        Self { factor: Rc::new(factor), text: text.into() }
    }

    /// Always 1.
    pub fn constant() -> Self {
        Self::new("constant", |_| 1.0)
    }

    /// Multiplied by `gamma` after every `every` steps.
    pub fn step(every: u64, gamma: f64) -> Self {
        let every = every.max(1);
        Self::new(format!("step({every}, {gamma})"), move |at| libm::pow(gamma, (at / every) as f64))
    }

    /// Multiplied by `gamma` after each step.
    pub fn exponential(gamma: f64) -> Self {
        Self::new(format!("exponential({gamma})"), move |at| libm::pow(gamma, at as f64))
    }

    /// From 1 to `last` along a line over `steps` steps, then `last`.
    pub fn linear(steps: u64, last: f64) -> Self {
        Self::new(format!("linear({steps}, {last})"), move |at| match at < steps {
            true => last + (1.0 - last) * ((steps - at) as f64 / steps as f64),
            false => last,
        })
    }

    /// From 1 to `last` along half a cosine over `steps` steps, then `last`.
    pub fn cosine(steps: u64, last: f64) -> Self {
        Self::new(format!("cosine({steps}, {last})"), move |at| between(1.0, last, at, steps))
    }

    /// One cycle over `steps` steps: along half a cosine from `first` to 1 during the share `rise` of them, and down to
    /// `last` in the rest. The learning rate of the optimiser is the highest.
    pub fn one_cycle(steps: u64, rise: f64, first: f64, last: f64) -> Self {
        let top = (steps as f64 * rise.clamp(0.0, 1.0)).round() as u64;
        Self::new(format!("one_cycle({steps}, {rise}, {first}, {last})"), move |at| match at < top {
            true => between(first, 1.0, at, top),
            false => between(1.0, last, at - top, steps.saturating_sub(top)),
        })
    }

    /// A linear rise over `steps` steps, `1/steps` in the first of them, and then this schedule from its beginning.
    #[must_use]
    pub fn after_warm_up(self, steps: u64) -> Self {
        let text = format!("warm_up({steps}), {}", self.text);
        Self::new(text, move |at| match at < steps {
            true => (at + 1) as f64 / steps as f64,
            false => (self.factor)(at - steps),
        })
    }

    /// The factor of the step after `steps` steps.
    pub fn factor(&self, steps: u64) -> f64 {
        (self.factor)(steps)
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// From one number to another along half a cosine.
fn between(first: f64, last: f64, at: u64, steps: u64) -> f64 {
    match at < steps {
        true => last + (first - last) * 0.5 * (1.0 + libm::cos(PI * at as f64 / steps as f64)),
        false => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(schedule: &Schedule, points: &[(u64, f64)]) {
        for &(at, expected) in points {
            let found = schedule.factor(at);
            assert!((found - expected).abs() < 1e-12, "{schedule:?} at {at}: {found}, not {expected}");
        }
    }

    #[test]
    fn factors_at_the_edges_and_between() {
        near(&Schedule::step(10, 0.1), &[(0, 1.0), (9, 1.0), (10, 0.1), (25, 0.01)]);
        near(&Schedule::exponential(0.5), &[(0, 1.0), (3, 0.125)]);
        near(&Schedule::linear(100, 0.2), &[(0, 1.0), (50, 0.6), (100, 0.2), (999, 0.2)]);
        near(&Schedule::linear(0, 0.5), &[(0, 0.5), (1, 0.5)]);
        near(&Schedule::cosine(100, 0.2), &[(0, 1.0), (50, 0.6), (100, 0.2), (999, 0.2)]);
        let cycle = Schedule::one_cycle(100, 0.3, 0.04, 0.0);
        near(&cycle, &[(0, 0.04), (15, 0.52), (30, 1.0), (65, 0.5), (100, 0.0)]);
        near(&Schedule::cosine(10, 0.0).after_warm_up(4), &[(0, 0.25), (3, 1.0), (4, 1.0), (9, 0.5), (14, 0.0)]);
    }
}
