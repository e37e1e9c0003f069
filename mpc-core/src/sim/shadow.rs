//! How far off a program is, step by step: the run on shares next to a run in the clear with numbers of 24 fractional bits
//! and no limit to their size. Only a simulator can tell, where one process holds the shares of all parties.

use super::Sim;
use crate::{
    engine::{Kind, Vis},
    error::Result,
    op::Node,
    session::Session,
};
use std::{
    collections::BTreeMap,
    fmt,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
};

/// The fractional bits of the run in the clear: the most there are.
const BITS: u32 = 24;

/// The errors of a program's steps, in the order of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Shadow {
    /// One row for each scope.
    pub rows: Vec<ShadowRow>,
}

/// The steps of one scope.
#[derive(Clone, Debug, PartialEq)]
pub struct ShadowRow {
    /// Where in the model; the last part is the operator.
    pub scope: String,
    /// How many numbers were computed there.
    pub values: usize,
    /// The largest magnitude among them, in the clear.
    pub largest: f64,
    /// The largest difference between a number on shares and the same in the clear.
    pub error: f64,
}

impl fmt::Display for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.scope.chars().count()).max().unwrap_or(0).max("scope".len());
        writeln!(f, "{:width$} | {:>9} | {:>13} | {:>13}", "scope", "values", "largest value", "largest error")?;
        for ShadowRow { scope, values, largest, error } in &self.rows {
            writeln!(f, "{scope:width$} | {values:>9} | {largest:>13.4} | {error:>13.2e}")?;
        }
        Ok(())
    }
}

/// What a run computed, by the number of the op: its scope, and the sum of the parties' shares.
type Seen = Arc<Mutex<BTreeMap<u64, (String, Vec<i128>)>>>;

/// Adds what each party holds of every secret number, as soon as it is computed. With `first`, what the first party holds.
fn watch(session: &Session, seen: &Seen, first: bool) {
    let (runtime, seen) = (Rc::downgrade(session.runtime()), seen.clone());
    session.runtime().watch(move |node: &Node| {
        let Some(runtime) = runtime.upgrade() else { return };
        let (operand, skipped) = (&node.operand, first && runtime.me() != 0);
        if (operand.vis, operand.kind) != (Vis::Secret, Kind::Number) || skipped || runtime.is_client() {
            return;
        }
        let width = runtime.engine().share_bytes();
        let bytes = runtime.engine().own_share(operand);
        let words = bytes.chunks_exact(width).map(|bytes| {
            let mut wide = [0; 16];
            wide[..width].copy_from_slice(bytes);
            i128::from_le_bytes(wide)
        });
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let scope = || runtime.scopes().path(operand.at.scope).to_string();
        let (_, sum) = seen.entry(node.id()).or_insert_with(|| (scope(), vec![0; operand.len()]));
        sum.iter_mut().zip(words).for_each(|(sum, word)| *sum = sum.wrapping_add(word));
    });
}

impl Sim {
    /// Runs a program under its settings and in the clear, and compares every secret number that both computed. Steps that
    /// the program does not need are not run. Random values of the two runs differ, and so what depends on them.
    ///
    /// The values are held in memory until the end. Use data that is made up: a simulator hides nothing from its process.
    ///
    /// # Errors
    /// The first error of a party in either run.
    pub fn shadow<T, F, Fut>(&self, program: F) -> Result<Shadow>
    where
        T: Send,
        F: Fn(Session) -> Fut + Sync,
        Fut: Future<Output = Result<T>>,
    {
        let (shares, clear) = (Seen::default(), Seen::default());
        let watched = |session: Session, seen: &Seen, first| {
            watch(&session, seen, first);
            program(session)
        };
        let all = |results: Vec<Result<T>>| results.into_iter().try_for_each(|result| result.map(drop));
        all(self.run(|session| watched(session, &shares, false)))?;
        all(self.run_as(true, |session| watched(session, &clear, true)))?;
        let [shares, clear] =
            [shares, clear].map(|seen| std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner)));
        let scale = |bits: u32| 0.5f64.powi(bits as i32);
        let (ulp, fine) = (scale(self.settings.fraction_bits), scale(BITS));
        let mut rows: Vec<ShadowRow> = Vec::new();
        for (id, (scope, words)) in shares {
            let Some((_, exact)) =
                clear.get(&id).filter(|(other, exact)| *other == scope && exact.len() == words.len())
            else {
                continue;
            };
            let at = rows.iter().position(|row| row.scope == scope).unwrap_or(rows.len());
            if at == rows.len() {
                rows.push(ShadowRow { scope, values: 0, largest: 0.0, error: 0.0 });
            }
            let row = &mut rows[at];
            row.values += words.len();
            for (word, exact) in words.iter().zip(exact) {
                // The sum of 64-bit shares, as a signed number.
                let (value, exact) = ((*word as i64) as f64 * ulp, *exact as f64 * fine);
                row.largest = row.largest.max(exact.abs());
                row.error = row.error.max((value - exact).abs());
            }
        }
        Ok(Shadow { rows })
    }
}

/// The settings of the run in the clear.
pub(super) const fn fraction_bits() -> u32 {
    BITS
}
