//! What the receiver of a prediction makes of it, in the clear.

/// Scores as probabilities: `e^x / sum e^x`.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|x| (x - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|x| x / sum).collect()
}

/// The places of the `count` largest scores and the scores, the largest first; of equal ones the first.
pub fn top(scores: &[f64], count: usize) -> Vec<(usize, f64)> {
    let mut places: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
    places.sort_by(|a, b| b.1.total_cmp(&a.1));
    places.truncate(count);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_probabilities_and_ranks() {
        let p = softmax(&[1000.0, 1000.0 + 3f64.ln(), f64::NEG_INFINITY]);
        assert!((p[0] - 0.25).abs() < 1e-12 && (p[1] - 0.75).abs() < 1e-12 && p[2] == 0.0, "{p:?}");
        assert_eq!(top(&[0.5, 2.0, -1.0, 2.0], 3), [(1, 2.0), (3, 2.0), (0, 0.5)]);
        assert_eq!((top(&[], 2), softmax(&[])), (vec![], vec![]));
    }
}
