//! The applicants, and the same rule in the clear.

/// The first 250 lines of the German credit data; `examples/data/NOTICE.md` says where they come from.
const LINES: &str = include_str!("../data/german_credit.txt");

/// Where the amount, the months, the instalment, the years at work, the account, the savings and the history stand.
pub(crate) const COLUMNS: [usize; 7] = [4, 1, 7, 6, 0, 5, 2];
/// Where it stands whether the loan was repaid: 1, or 2 if not.
const OUTCOME: usize = 20;

/// A row is a person.
pub(crate) struct People(Vec<Vec<f64>>);

impl People {
    pub(crate) fn load() -> Self {
        Self(LINES.lines().map(|line| line.split(' ').map(number).collect()).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn column(&self, at: usize) -> Vec<f64> {
        self.0.iter().map(|person| person[at]).collect()
    }

    pub(crate) fn repaid(&self, person: usize) -> bool {
        self.0[person][OUTCOME] == 1.0
    }

    /// How much each may borrow.
    pub(crate) fn limits(&self) -> Vec<f64> {
        self.0.iter().map(|person| limit(COLUMNS.map(|at| person[at]))).collect()
    }
}

/// A number, or the number of a code: A34 is the fourth answer to the third question.
fn number(cell: &str) -> f64 {
    let digits = cell.strip_prefix('A').map_or(cell, |code| &code[code.len() - 1..]);
    digits.parse().unwrap_or(f64::NAN)
}

fn limit([amount, months, instalment, employed, account, savings, history]: [f64; 7]) -> f64 {
    let mut points = 0;
    if months > 36.0 {
        points -= 2;
    } else if months > 18.0 {
        points -= 1;
    }
    if amount > 7500.0 || instalment >= 4.0 && employed <= 2.0 {
        points -= 1;
    }
    if account == 4.0 {
        points += 2;
    } else if account == 1.0 {
        points -= 2;
    }
    if savings >= 3.0 && savings != 5.0 {
        points += 1;
    }
    if history == 4.0 {
        points += 1;
    } else if history <= 1.0 {
        points -= 1;
    }
    match points {
        1.. => amount,
        -1..=0 => amount * 0.5,
        _ => 0.0,
    }
}
