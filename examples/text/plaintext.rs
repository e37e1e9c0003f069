//! The sentences, the first weights, and the same training in the clear.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, s};

/// A thousand sentences of product reviews, and whether they are positive; `examples/data/NOTICE.md` says where they come from.
const SENTENCES: &str = include_str!("../data/sentences.tsv");
/// The words that count. They come from other reviews, so they say nothing of these.
const WORDS: &str = include_str!("../data/words.txt");

/// How many sentences each shop has to learn from; the rest are for the test.
pub(crate) const EACH: usize = 400;
/// Numbers a word.
pub(crate) const WIDTH: usize = 8;

/// What the training is told, which everybody may know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recipe {
    pub(crate) epochs: usize,
    pub(crate) batch: usize,
    pub(crate) lr: f64,
    pub(crate) momentum: f64,
}

/// How many words count.
pub(crate) fn vocabulary() -> usize {
    WORDS.lines().count()
}

/// The share that each word has of each sentence `[1000, words]`, and the labels.
pub(crate) fn load() -> (Array2<f64>, Array1<f64>) {
    let words: Vec<&str> = WORDS.lines().collect();
    let lines: Vec<(&str, &str)> = SENTENCES.lines().filter_map(|line| line.split_once('\t')).collect();
    let mut x = Array2::zeros((lines.len(), words.len()));
    for (row, (_, text)) in lines.iter().enumerate() {
        let text = text.to_lowercase().replace('\'', "");
        let known: Vec<usize> =
            text.split(|c: char| !c.is_ascii_lowercase()).filter_map(|word| words.binary_search(&word).ok()).collect();
        for &word in &known {
            x[[row, word]] += 1.0 / known.len() as f64;
        }
    }
    (x, lines.iter().map(|(label, _)| label.parse().unwrap_or(f64::NAN)).collect())
}

/// The first table of words `[words, width]`, weights `[width]`: public, so that both trainings begin alike.
pub(crate) fn first() -> (Array2<f64>, Array1<f64>) {
    let mut state = 3u64;
    let mut draw = |size: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        size * ((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    let table = Array2::from_shape_simple_fn((vocabulary(), WIDTH), || draw(0.5));
    (table, Array1::from_shape_simple_fn(WIDTH, || draw(0.35)))
}

/// The share of the sentences for the test that are judged right after such a training.
pub(crate) fn accuracy(recipe: Recipe) -> f64 {
    let (x, y) = load();
    let (mut table, mut weights) = first();
    let mut bias = 0.0;
    let mut velocity = (Array2::zeros(table.raw_dim()), Array1::zeros(WIDTH), 0.0);
    for _ in 0..recipe.epochs {
        for from in (0..2 * EACH).step_by(recipe.batch) {
            let rows = from..(from + recipe.batch).min(2 * EACH);
            let (x, y): (ArrayView2<f64>, ArrayView1<f64>) = (x.slice(s![rows.clone(), ..]), y.slice(s![rows]));
            let hidden = x.dot(&table);
            let slope = ((hidden.dot(&weights) + bias).mapv(|z| 1.0 / (1.0 + (-z).exp())) - y) / x.nrows() as f64;
            let outer = Array2::from_shape_fn(hidden.raw_dim(), |(row, k)| slope[row] * weights[k]);
            velocity.0 = velocity.0 * recipe.momentum + x.t().dot(&outer);
            velocity.1 = velocity.1 * recipe.momentum + hidden.t().dot(&slope);
            velocity.2 = velocity.2 * recipe.momentum + slope.sum();
            table.scaled_add(-recipe.lr, &velocity.0);
            weights.scaled_add(-recipe.lr, &velocity.1);
            bias -= recipe.lr * velocity.2;
        }
    }
    let test = s![2 * EACH.., ..];
    let logits = x.slice(test).dot(&table).dot(&weights) + bias;
    let labels = y.slice(s![2 * EACH..]);
    let right = logits.iter().zip(labels).filter(|(logit, label)| (**logit > 0.0) == (**label > 0.5)).count();
    right as f64 / labels.len() as f64
}
