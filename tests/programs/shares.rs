//! What a program computes on shares, through the functions of `mpc::lang` that `#[secure_model]` writes calls of.

use super::ast::{Block, Cond, INPUTS, Num, Stmt};
use mpc::core::Bit;
use mpc::lang::{self, Kept};
use mpc::prelude::*;

type Numbers = Tensor<Secret>;
type Bits = Tensor<Secret, Bit>;

/// The result for these inputs.
pub(crate) fn run(program: &Block, level: f64, inputs: [Numbers; INPUTS]) -> Numbers {
    State { nums: inputs.to_vec(), bits: Vec::new(), level }.block(program)
}

struct State {
    nums: Vec<Numbers>,
    bits: Vec<Bits>,
    level: f64,
}

/// The variables that both branches have.
type Outer = (Vec<Numbers>, Vec<Bits>);

#[derive(Clone)]
enum Condition {
    Public(bool),
    Bits(Bits),
}

enum Value {
    Number(f64),
    Tensor(Numbers),
}

/// A branch of an `if` with a value.
#[derive(Clone, Copy)]
struct Branch<'a> {
    stmts: &'a [Stmt],
    value: &'a Num,
}

impl<'a> Branch<'a> {
    fn of(block: &'a Block) -> Self {
        Self { stmts: &block.stmts, value: &block.value }
    }

    fn value(value: &'a Num) -> Self {
        Self { stmts: &[], value }
    }
}

impl State {
    fn block(&mut self, block: &Block) -> Numbers {
        self.stmts(&block.stmts);
        self.tensor(&block.value)
    }

    fn tensor(&mut self, num: &Num) -> Numbers {
        match self.num(num) {
            Value::Tensor(tensor) => tensor,
            Value::Number(number) => panic!("{number} is no tensor: the maker of programs is wrong"),
        }
    }

    fn num(&mut self, num: &Num) -> Value {
        Value::Tensor(match num {
            Num::Const(value) => return Value::Number(*value),
            Num::Var(name) => self.nums[*name].clone(),
            Num::Neg(inner) => -self.tensor(inner),
            Num::Binary(op, left, right) => {
                let left = self.num(left);
                match (op, left, self.num(right)) {
                    ('+', Value::Tensor(x), Value::Tensor(y)) => x + y,
                    ('-', Value::Tensor(x), Value::Tensor(y)) => x - y,
                    (_, Value::Tensor(x), Value::Tensor(y)) => x * y,
                    ('+', Value::Tensor(x), Value::Number(c)) => x + c,
                    ('-', Value::Tensor(x), Value::Number(c)) => x - c,
                    (_, Value::Tensor(x), Value::Number(c)) => x * c,
                    ('+', Value::Number(c), Value::Tensor(y)) => c + y,
                    ('-', Value::Number(c), Value::Tensor(y)) => c - y,
                    (_, Value::Number(c), Value::Tensor(y)) => c * y,
                    (_, Value::Number(_), Value::Number(_)) => panic!("no program computes with constants only"),
                }
            }
            Num::If(condition, then, otherwise) => {
                let condition = self.cond(condition);
                self.chosen(condition, Branch::of(then), Branch::of(otherwise))
            }
        })
    }

    /// The value of an `if`, whose branches may change variables.
    fn chosen(&mut self, condition: Condition, then: Branch<'_>, otherwise: Branch<'_>) -> Numbers {
        let (level, outer) = (self.level, (self.nums.clone(), self.bits.clone()));
        let scope = (self.nums.len(), self.bits.len());
        let tensor = |(nums, bits): Outer, branch: Branch<'_>| {
            let mut inner = Self { nums, bits, level };
            inner.stmts(branch.stmts);
            (inner.tensor(branch.value), inner.kept(scope))
        };
        let number = |(nums, bits): Outer, branch: Branch<'_>, value: f64| {
            let mut inner = Self { nums, bits, level };
            inner.stmts(branch.stmts);
            (value, inner.kept(scope))
        };
        let (value, Kept(kept)) = match (condition, then.value, otherwise.value) {
            (Condition::Public(flag), ..) => {
                lang::choose_with(flag, outer, |s| tensor(s, then), |s| tensor(s, otherwise))
            }
            (Condition::Bits(bits), Num::Const(a), Num::Const(b)) => {
                lang::choose_with(bits, outer, |s| number(s, then, *a), |s| number(s, otherwise, *b))
            }
            (Condition::Bits(bits), Num::Const(a), _) => {
                lang::choose_with(bits, outer, |s| number(s, then, *a), |s| tensor(s, otherwise))
            }
            (Condition::Bits(bits), _, Num::Const(b)) => {
                lang::choose_with(bits, outer, |s| tensor(s, then), |s| number(s, otherwise, *b))
            }
            (Condition::Bits(bits), ..) => {
                lang::choose_with(bits, outer, |s| tensor(s, then), |s| tensor(s, otherwise))
            }
        };
        (self.nums, self.bits) = kept;
        value
    }

    fn kept(mut self, scope: (usize, usize)) -> Kept<Outer> {
        self.nums.truncate(scope.0);
        self.bits.truncate(scope.1);
        Kept((self.nums, self.bits))
    }

    fn cond(&mut self, condition: &Cond) -> Condition {
        Condition::Bits(match condition {
            Cond::Public(op, number) if *op == "<" => return Condition::Public(lang::lt(&self.level, number)),
            Cond::Public(_, number) => return Condition::Public(lang::ge(&self.level, number)),
            Cond::Var(name) => self.bits[*name].clone(),
            Cond::Compare(op, left, right) => {
                let left = self.num(left);
                match (left, self.num(right)) {
                    (Value::Tensor(x), Value::Tensor(y)) => compare(op, &x, &y),
                    (Value::Tensor(x), Value::Number(c)) => compare(op, &x, &c),
                    (Value::Number(c), Value::Tensor(y)) => compare(op, &c, &y),
                    (Value::Number(_), Value::Number(_)) => panic!("no program compares constants"),
                }
            }
            Cond::Not(inner) => match self.cond(inner) {
                Condition::Public(flag) => return Condition::Public(!flag),
                Condition::Bits(bits) => !bits,
            },
            Cond::And(left, right) | Cond::Or(left, right) => {
                let and = matches!(condition, Cond::And(..));
                let left = self.cond(left);
                match (left, self.cond(right)) {
                    (Condition::Public(_), Condition::Public(_)) => panic!("no program joins `bool`s"),
                    (Condition::Public(x), Condition::Bits(y)) if and => lang::and(x, || y),
                    (Condition::Bits(x), Condition::Public(y)) if and => lang::and(x, || y),
                    (Condition::Bits(x), Condition::Bits(y)) if and => lang::and(x, || y),
                    (Condition::Public(x), Condition::Bits(y)) => lang::or(x, || y),
                    (Condition::Bits(x), Condition::Public(y)) => lang::or(x, || y),
                    (Condition::Bits(x), Condition::Bits(y)) => lang::or(x, || y),
                }
            }
            Cond::Same(op, left, right) => {
                let left = self.cond(left);
                match (left, self.cond(right)) {
                    (Condition::Bits(x), Condition::Bits(y)) if *op == "==" => lang::eq(&x, &y),
                    (Condition::Bits(x), Condition::Bits(y)) => lang::ne(&x, &y),
                    _ => panic!("only bits are compared with bits"),
                }
            }
        })
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(value) => {
                let value = self.tensor(value);
                self.nums.push(value);
            }
            Stmt::LetBits(bits) => {
                let bits = self.bits(bits);
                self.bits.push(bits);
            }
            Stmt::Assign(name, op, value) => {
                let value = self.num(value);
                let place = &mut self.nums[*name];
                match (*op, value) {
                    ("=", Value::Tensor(y)) => *place = y,
                    ("+=", Value::Tensor(y)) => *place += y,
                    ("-=", Value::Tensor(y)) => *place -= y,
                    (_, Value::Tensor(y)) => *place *= y,
                    ("+=", Value::Number(c)) => *place += c,
                    ("-=", Value::Number(c)) => *place -= c,
                    (_, Value::Number(c)) => *place *= c,
                }
            }
            Stmt::AssignBits(name, bits) => self.bits[*name] = self.bits(bits),
            Stmt::If(condition, then, otherwise) => {
                let (condition, level) = (self.cond(condition), self.level);
                let outer = (self.nums.clone(), self.bits.clone());
                let scope = (self.nums.len(), self.bits.len());
                let branch = |(nums, bits): Outer, stmts: &[Stmt]| {
                    let mut inner = Self { nums, bits, level };
                    inner.stmts(stmts);
                    inner.kept(scope)
                };
                let (then, otherwise) = (|s: Outer| branch(s, then), |s: Outer| branch(s, otherwise));
                let Kept(kept) = match condition {
                    Condition::Public(flag) => lang::choose_with(flag, outer, then, otherwise),
                    Condition::Bits(bits) => lang::choose_with(bits, outer, then, otherwise),
                };
                (self.nums, self.bits) = kept;
            }
            Stmt::Pair(condition, then, otherwise) => {
                let condition = self.cond(condition);
                let chosen = [0, 1]
                    .map(|at| self.chosen(condition.clone(), Branch::value(&then[at]), Branch::value(&otherwise[at])));
                self.nums.extend(chosen);
            }
            Stmt::Late(condition, then, otherwise) => {
                let condition = self.cond(condition);
                let chosen = self.chosen(condition, Branch::value(then), Branch::value(otherwise));
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

    fn bits(&mut self, condition: &Cond) -> Bits {
        match self.cond(condition) {
            Condition::Bits(bits) => bits,
            Condition::Public(_) => panic!("only bits are kept in variables"),
        }
    }
}

fn compare<L, R>(op: &str, left: &L, right: &R) -> Bits
where
    L: lang::Compare<R, Out = Bits> + lang::Equate<R, Out = Bits>,
{
    match op {
        ">" => lang::gt(left, right),
        "<" => lang::lt(left, right),
        ">=" => lang::ge(left, right),
        "<=" => lang::le(left, right),
        "==" => lang::eq(left, right),
        _ => lang::ne(left, right),
    }
}
