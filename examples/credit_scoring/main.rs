//! A lender decides on loans by what the applicants' own bank knows of them, and the bank shows it nothing.
//!
//! The lender has the applications: amount, months, instalments, years at work. The house bank has what it knows of the
//! same 250 people: their account, savings and history. The rule is public, an ordinary Rust function with `if`s, and
//! runs on shares. The lender learns how much it may lend to each applicant; both learn how many get all they asked for.
//! Nobody learns the points, nor which of the `if`s decided.
//!
//! A limit says something about what the bank knows: less than the data, but not nothing. That is the lender's result.
//!
//! `cargo run --release --example credit_scoring` runs both on this machine.

mod plaintext;
#[path = "../common/report.rs"]
mod report;

use mpc::prelude::*;
use ndarray::Array1;
use plaintext::{COLUMNS, People};

parties! { compute Lender, HouseBank; }

/// One number for each applicant in every field.
struct Applicants {
    amount: Tensor<Secret>,
    months: Tensor<Secret>,
    instalment: Tensor<Secret>,
    employed: Tensor<Secret>,
    account: Tensor<Secret>,
    savings: Tensor<Secret>,
    history: Tensor<Secret>,
}

#[secure_model]
impl Applicants {
    /// How creditworthy each applicant is. The codes are explained in examples/data/NOTICE.md.
    fn points(&self) -> Tensor<Secret> {
        let mut points = &self.amount * 0.0;
        if self.months > 36.0 {
            points -= 2.0;
        } else if self.months > 18.0 {
            points -= 1.0;
        }
        if self.amount > 7500.0 || self.instalment >= 4.0 && self.employed <= 2.0 {
            points -= 1.0;
        }
        if self.account == 4.0 {
            points += 2.0;
        } else if self.account == 1.0 {
            points -= 2.0;
        }
        if self.savings >= 3.0 && self.savings != 5.0 {
            points += 1.0;
        }
        if self.history == 4.0 {
            points += 1.0;
        } else if self.history <= 1.0 {
            points -= 1.0;
        }
        points
    }

    /// How much each may borrow.
    fn limits(&self) -> Tensor<Secret> {
        let points = self.points();
        if points >= 1.0 {
            self.amount.clone()
        } else if points >= -1.0 {
            &self.amount * 0.5
        } else {
            0.0
        }
    }

    /// How many get all they asked for.
    fn served(&self, limits: &Tensor<Secret>) -> Tensor<Secret> {
        (*limits == self.amount).number().sum()
    }
}

/// What a party learns: the number served and, if it is the lender, the limits.
async fn decide(s: &Session, people: &People) -> mpc::Result<(f64, Option<Array1<f64>>)> {
    // For the example both processes carry the whole table; each party feeds in its own columns only.
    let n = people.len();
    let own = |at: usize| s.input::<Lender>([n], || people.column(at)).share();
    let banks = |at: usize| s.input::<HouseBank>([n], || people.column(at)).share();
    let [amount, months, instalment, employed, account, savings, history] = COLUMNS;
    let applicants = Applicants {
        amount: own(amount),
        months: own(months),
        instalment: own(instalment),
        employed: own(employed),
        account: banks(account),
        savings: banks(savings),
        history: banks(history),
    };
    let limits = applicants.limits();
    let (served, limits) = (applicants.served(&limits).reveal(), limits.reveal_to::<Lender>());
    let (served, limits) = (served.item().await?, limits.await?);
    Ok((served, limits.map(|limits| limits.iter().copied().collect())))
}

/// Limits of loans by a rule on what a lender and a bank know of the same people.
#[mpc::main]
async fn main(s: Session) -> mpc::Result<()> {
    let people = People::load();
    let (served, limits) = decide(&s, &people).await?;

    let clear = people.limits();
    let asked = people.column(COLUMNS[0]);
    let in_full = |limits: &[f64]| limits.iter().zip(&asked).filter(|(limit, asked)| limit == asked).count();
    let mut rows = vec![
        ("get all they asked for", format!("{served} of {}", people.len())),
        ("  in the clear", format!("{} of {}", in_full(&clear), people.len())),
    ];
    if let Some(limits) = limits {
        let same = limits.iter().zip(&clear).filter(|(limit, clear)| limit == clear).count();
        let good = |at: &usize| people.repaid(*at);
        let chosen: Vec<usize> = (0..people.len()).filter(|&at| limits[at] == asked[at]).collect();
        let share = |of: &[usize]| 100.0 * of.iter().filter(|at| good(at)).count() as f64 / of.len() as f64;
        rows.push(("limits as in the clear", format!("{same} of {}", people.len())));
        rows.push(("repaid later, of all", format!("{:.0} %", share(&(0..people.len()).collect::<Vec<_>>()))));
        rows.push(("repaid later, of those served in full", format!("{:.0} %", share(&chosen))));
    }
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_those_in_the_clear() {
        let people = People::load();
        let clear = Array1::from(people.limits());
        let seen = mpc::sim::Sim::new(2).run(async |s: Session| decide(&s, &people).await);
        let [lender, bank] = &seen[..] else { panic!() };
        assert_eq!(lender.as_ref().unwrap().1.as_ref(), Some(&clear));
        let served = clear.iter().zip(people.column(COLUMNS[0])).filter(|(limit, asked)| **limit == *asked).count();
        assert_eq!(bank.as_ref().unwrap(), &(served as f64, None));
    }
}
