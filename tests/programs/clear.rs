//! What a program computes on plain numbers, and how far fixed-point numbers may be off from it.

use super::ast::{Block, Cond, INPUTS, Num, Stmt};

/// The last place of 16 fractional bits.
pub(crate) const ULP: f64 = 1.0 / 65536.0;
/// Programs with larger numbers on the way are not asked for.
const LARGEST: f64 = 1e6;

/// What an expression is, give or take `error`. An error of 0 means that the fixed-point number is the same.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About {
    pub(crate) value: f64,
    pub(crate) error: f64,
}

impl About {
    fn exact(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    fn constant(value: f64) -> Self {
        Self { value, error: if fits(value) { 0.0 } else { ULP } }
    }

    fn binary(self, op: char, other: Self) -> Self {
        let (x, y) = (self, other);
        match op {
            '+' => Self { value: x.value + y.value, error: x.error + y.error },
            '-' => Self { value: x.value - y.value, error: x.error + y.error },
            _ => {
                let value = x.value * y.value;
                let carried = x.value.abs() * y.error + y.value.abs() * x.error + x.error * y.error;
                // A product is rounded up or down, and not at all if it fits.
                Self { value, error: if carried == 0.0 && fits(value) { 0.0 } else { carried + 2.0 * ULP } }
            }
        }
    }
}

/// Whether this is a fixed-point number.
fn fits(value: f64) -> bool {
    (value / ULP).fract() == 0.0
}

/// The result for these inputs, or nothing if a comparison was closer than the errors of what it compares, or a number
/// too large: in either branch of an `if`, as both are computed.
pub(crate) fn run(program: &Block, level: f64, inputs: [f64; INPUTS]) -> Option<About> {
    let mut clear =
        Clear { nums: inputs.map(About::exact).to_vec(), bits: Vec::new(), level, close: false, large: false };
    let result = clear.block(program);
    (!clear.close && !clear.large).then_some(result)
}

#[derive(Clone)]
struct Clear {
    nums: Vec<About>,
    bits: Vec<bool>,
    level: f64,
    close: bool,
    large: bool,
}

impl Clear {
    fn block(&mut self, block: &Block) -> About {
        self.stmts(&block.stmts);
        self.num(&block.value)
    }

    /// Both branches, as the parties do; then only one of them has happened.
    fn choice<T>(
        &mut self,
        condition: &Cond,
        then: impl FnOnce(&mut Self) -> T,
        otherwise: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let taken = self.cond(condition);
        let (mut yes, mut no) = (self.clone(), self.clone());
        let (a, b) = (then(&mut yes), otherwise(&mut no));
        let large = yes.large || no.large;
        let (state, result) = if taken { (yes, a) } else { (no, b) };
        let scope = (self.nums.len(), self.bits.len());
        *self = Self { large, ..state };
        self.nums.truncate(scope.0);
        self.bits.truncate(scope.1);
        result
    }

    fn num(&mut self, num: &Num) -> About {
        let result = match num {
            Num::Const(value) => About::constant(*value),
            Num::Var(name) => self.nums[*name],
            Num::Neg(inner) => About::exact(0.0).binary('-', self.num(inner)),
            Num::Binary(op, left, right) => {
                let left = self.num(left);
                left.binary(*op, self.num(right))
            }
            Num::If(condition, then, otherwise) => {
                let mut chosen = self.choice(condition, |s| s.block(then), |s| s.block(otherwise));
                // Between two constants: one of them, and their difference times a number.
                if !fits(chosen.value) {
                    chosen.error += 2.0 * ULP;
                }
                chosen
            }
        };
        self.large |= result.value.abs() > LARGEST;
        result
    }

    fn cond(&mut self, condition: &Cond) -> bool {
        match condition {
            Cond::Public(op, number) => compare(op, self.level, *number),
            Cond::Var(name) => self.bits[*name],
            Cond::Compare(op, left, right) => {
                let (left, right) = (self.num(left), self.num(right));
                let error = left.error + right.error;
                self.close |= error > 0.0 && (left.value - right.value).abs() <= error + ULP;
                compare(op, left.value, right.value)
            }
            Cond::Not(inner) => !self.cond(inner),
            Cond::And(left, right) => self.cond(left) && self.cond(right),
            Cond::Or(left, right) => self.cond(left) || self.cond(right),
            Cond::Same(op, left, right) => (self.cond(left) == self.cond(right)) == (*op == "=="),
        }
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(value) => {
                let value = self.num(value);
                self.nums.push(value);
            }
            Stmt::LetBits(bits) => {
                let bits = self.cond(bits);
                self.bits.push(bits);
            }
            Stmt::Assign(name, op, value) => {
                let (value, old) = (self.num(value), self.nums[*name]);
                self.nums[*name] = match op.strip_suffix('=') {
                    Some("") | None => value,
                    Some(op) => old.binary(op.chars().next().unwrap(), value),
                };
                self.large |= self.nums[*name].value.abs() > LARGEST;
            }
            Stmt::AssignBits(name, bits) => self.bits[*name] = self.cond(bits),
            Stmt::If(condition, then, otherwise) => {
                self.choice(condition, |s| s.stmts(then), |s| s.stmts(otherwise));
            }
            Stmt::Pair(condition, then, otherwise) => {
                let pair = |s: &mut Self, pair: &[Num; 2]| [s.num(&pair[0]), s.num(&pair[1])];
                let mut chosen = self.choice(condition, |s| pair(s, then), |s| pair(s, otherwise));
                for chosen in &mut chosen {
                    chosen.error += if fits(chosen.value) { 0.0 } else { 2.0 * ULP };
                }
                self.nums.extend(chosen);
            }
            Stmt::Late(condition, then, otherwise) => {
                let chosen = self.choice(condition, |s| s.num(then), |s| s.num(otherwise));
                self.nums.push(chosen);
            }
            Stmt::For(turns, body) => {
                let scope = (self.nums.len(), self.bits.len());
                for _ in 0..*turns {
                    self.stmts(body);
                    self.nums.truncate(scope.0);
                    self.bits.truncate(scope.1);
                }
            }
        }
    }
}

fn compare(op: &str, left: f64, right: f64) -> bool {
    match op {
        ">" => left > right,
        "<" => left < right,
        ">=" => left >= right,
        "<=" => left <= right,
        "==" => left == right,
        _ => left != right,
    }
}
