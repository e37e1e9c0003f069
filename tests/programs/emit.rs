//! Writes a program as Rust: the body of a function that is the same for tensors and for `f64`.

use super::ast::{Block, Cond, INPUTS, Num, Stmt};
use std::fmt::Write;

/// Writes `fn name(level, a, b, c)`.
pub(crate) fn function(name: &str, program: &Block) -> String {
    let mut writer = Writer { text: String::new(), indent: 1, nums: Vec::new(), bits: Vec::new() };
    writer.nums = ["a", "b", "c"].map(str::to_owned).to_vec();
    assert_eq!(writer.nums.len(), INPUTS);
    writer.line(&format!(
        "pub(crate) fn {name}(level: f64, mut a: Numbers, mut b: Numbers, mut c: Numbers) -> Numbers {{"
    ));
    writer.body(program, true);
    writer.line("}");
    writer.text
}

struct Writer {
    text: String,
    indent: usize,
    nums: Vec<String>,
    bits: Vec<String>,
}

impl Writer {
    fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{}{line}", "    ".repeat(self.indent));
    }

    /// Statements and a value, one level deeper. At the end of a function variables may be used up.
    fn body(&mut self, block: &Block, last: bool) {
        self.scoped(|writer| {
            writer.stmts(&block.stmts);
            let value = writer.value(&block.value, last);
            writer.line(&value);
        });
    }

    fn scoped(&mut self, f: impl FnOnce(&mut Self)) {
        let scope = (self.nums.len(), self.bits.len());
        self.indent += 1;
        f(self);
        self.indent -= 1;
        self.nums.truncate(scope.0);
        self.bits.truncate(scope.1);
    }

    /// A block as text, to stand within an expression.
    fn block(&mut self, block: &Block, last: bool) -> String {
        let before = std::mem::take(&mut self.text);
        self.body(block, last);
        let inner = std::mem::replace(&mut self.text, before);
        format!("{{\n{inner}{}}}", "    ".repeat(self.indent))
    }

    /// An expression whose value is kept.
    fn value(&mut self, num: &Num, last: bool) -> String {
        match num {
            Num::Const(value) => format!("{value:?}"),
            Num::Var(name) if last => self.nums[*name].clone(),
            Num::Var(name) => format!("{}.clone()", self.nums[*name]),
            Num::Neg(inner) => format!("-{}", self.operand(inner)),
            Num::Binary(op, left, right) => format!("{} {op} {}", self.operand(left), self.operand(right)),
            Num::If(condition, then, otherwise) => {
                // A variable that one branch uses up and the other changes has to be cloned by hand.
                let last = last && changes_nothing(then) && changes_nothing(otherwise);
                let condition = self.condition(condition);
                let then = self.block(then, last);
                // An `if` alone in the `else` makes a chain.
                let otherwise = match &otherwise.value {
                    chain @ Num::If(..) if otherwise.stmts.is_empty() => self.value(chain, last),
                    _ => self.block(otherwise, last),
                };
                format!("if {condition} {then} else {otherwise}")
            }
        }
    }

    /// An operand of arithmetic, which only looks at variables.
    fn operand(&mut self, num: &Num) -> String {
        match num {
            Num::Var(name) => format!("&{}", self.nums[*name]),
            Num::Const(value) if *value >= 0.0 => format!("{value:?}"),
            other => format!("({})", self.value(other, false)),
        }
    }

    fn condition(&mut self, condition: &Cond) -> String {
        match condition {
            Cond::Public(op, number) => format!("level {op} {number:?}"),
            Cond::Var(name) => format!("{}.clone()", self.bits[*name]),
            Cond::Compare(op, left, right) => format!("{} {op} {}", self.compared(left), self.compared(right)),
            Cond::Not(inner) => format!("!({})", self.condition(inner)),
            Cond::And(left, right) => format!("({}) && ({})", self.condition(left), self.condition(right)),
            Cond::Or(left, right) => format!("({}) || ({})", self.condition(left), self.condition(right)),
            Cond::Same(op, left, right) => format!("({}) {op} ({})", self.condition(left), self.condition(right)),
        }
    }

    fn compared(&mut self, num: &Num) -> String {
        match num {
            Num::Var(name) => self.nums[*name].clone(),
            other => self.operand(other),
        }
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Let(value) => {
                let value = self.value(value, false);
                let name = self.declare();
                self.line(&format!("let mut {name} = {value};"));
            }
            Stmt::LetBits(bits) => {
                let bits = self.condition(bits);
                let name = format!("bits{}", self.bits.len());
                self.line(&format!("let mut {name} = {bits};"));
                self.bits.push(name);
            }
            Stmt::Assign(name, op, value) => {
                let value = self.value(value, false);
                self.line(&format!("{} {op} {value};", self.nums[*name]));
            }
            Stmt::AssignBits(name, bits) => {
                let bits = self.condition(bits);
                self.line(&format!("{} = {bits};", self.bits[*name]));
            }
            Stmt::If(condition, then, otherwise) => {
                let condition = self.condition(condition);
                self.line(&format!("if {condition} {{"));
                self.scoped(|writer| writer.stmts(then));
                if !otherwise.is_empty() {
                    self.line("} else {");
                    self.scoped(|writer| writer.stmts(otherwise));
                }
                self.line("}");
            }
            Stmt::Pair(condition, then, otherwise) => {
                let condition = self.condition(condition);
                let [then, otherwise] =
                    [then, otherwise].map(|[x, y]| format!("({}, {})", self.value(x, false), self.value(y, false)));
                let (x, y) = (self.declare(), self.declare());
                self.line(&format!("let (mut {x}, mut {y}) = if {condition} {{ {then} }} else {{ {otherwise} }};"));
            }
            Stmt::Late(condition, then, otherwise) => {
                let condition = self.condition(condition);
                let (then, otherwise) = (self.value(then, false), self.value(otherwise, false));
                let name = self.declare();
                self.line(&format!("let mut {name};"));
                self.line(&format!("if {condition} {{ {name} = {then}; }} else {{ {name} = {otherwise}; }}"));
            }
            Stmt::For(turns, body) => {
                self.line(&format!("for _ in 0..{turns} {{"));
                self.scoped(|writer| writer.stmts(body));
                self.line("}");
            }
        }
    }

    fn declare(&mut self) -> String {
        let name = format!("x{}", self.nums.len());
        self.nums.push(name.clone());
        name
    }
}

fn changes_nothing(block: &Block) -> bool {
    block.stmts.is_empty()
        && match &block.value {
            Num::If(_, then, otherwise) => changes_nothing(then) && changes_nothing(otherwise),
            _ => true,
        }
}
