//! Small programs of the language, and how they are made up from a tape of choices: the choice 0 is always the simplest,
//! so proptest shrinks a program by shrinking its tape.
//!
//! Numbers are secret tensors or, as constants, `f64`s; conditions are bits, or a `bool` that compares the public `level`.

/// The parameters `a`, `b`, `c` of every program. Further variables are locals.
pub(crate) const INPUTS: usize = 3;

#[derive(Clone, Debug)]
pub(crate) enum Num {
    Const(f64),
    Var(usize),
    Neg(Box<Num>),
    Binary(char, Box<Num>, Box<Num>),
    If(Box<Cond>, Box<Block>, Box<Block>),
}

/// Statements and a value.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub(crate) stmts: Vec<Stmt>,
    pub(crate) value: Num,
}

#[derive(Clone, Debug)]
pub(crate) enum Cond {
    /// `level < 1.5`: a `bool`.
    Public(&'static str, f64),
    /// A variable that holds bits.
    Var(usize),
    Compare(&'static str, Num, Num),
    Not(Box<Cond>),
    And(Box<Cond>, Box<Cond>),
    Or(Box<Cond>, Box<Cond>),
    /// `==` or `!=` between bits.
    Same(&'static str, Box<Cond>, Box<Cond>),
}

#[derive(Clone, Debug)]
pub(crate) enum Stmt {
    Let(Num),
    LetBits(Cond),
    /// `=`, `+=`, `-=`, `*=`.
    Assign(usize, &'static str, Num),
    AssignBits(usize, Cond),
    If(Cond, Vec<Stmt>, Vec<Stmt>),
    /// `let (x, y) = if c { (1, 2) } else { (3, 4) };`
    Pair(Cond, [Num; 2], [Num; 2]),
    /// `let x; if c { x = 1; } else { x = 2; }`
    Late(Cond, Num, Num),
    For(usize, Vec<Stmt>),
}

impl Cond {
    /// Whether it is a `bool`.
    pub(crate) fn is_public(&self) -> bool {
        match self {
            Self::Public(..) => true,
            Self::Var(_) | Self::Compare(..) | Self::Same(..) => false,
            Self::Not(inner) => inner.is_public(),
            Self::And(a, b) | Self::Or(a, b) => a.is_public() && b.is_public(),
        }
    }
}

/// Where the choices come from.
pub(crate) trait Tape {
    /// The next choice below `n`.
    fn pick(&mut self, n: usize) -> usize;
}

/// The numbers of a proptest, and zeros after them.
impl Tape for std::vec::IntoIter<u8> {
    fn pick(&mut self, n: usize) -> usize {
        usize::from(self.next().unwrap_or(0)) % n
    }
}

/// Splitmix64: the same choices for the same seed, for ever.
pub(crate) struct Seed(pub(crate) u64);

impl Tape for Seed {
    fn pick(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// A program that ends with a tensor.
pub(crate) fn program(tape: &mut dyn Tape) -> Block {
    let mut maker = Maker { tape, nums: INPUTS, bits: 0 };
    let count = 1 + maker.pick(4);
    let mut stmts = maker.stmts(count, 3);
    // The result depends on everything that has happened.
    let bits = (0..maker.bits).map(|bits| {
        let number = |value| Block { stmts: Vec::new(), value: Num::Const(value) };
        Num::If(Cond::Var(bits).into(), number(1.0).into(), number(0.25).into())
    });
    let add = |sum: Num, next: Num| {
        Num::Binary('+', Num::Binary('*', sum.into(), Num::Const(2.0).into()).into(), next.into())
    };
    let sum = (1..maker.nums).map(Num::Var).chain(bits).fold(Num::Var(0), add);
    stmts.push(Stmt::Let(sum));
    let all = Num::Var(maker.nums);
    maker.nums += 1;
    let value = match maker.pick(3) {
        0 => all,
        1 => Num::Binary('+', all.into(), maker.value(2, false, false).into()),
        _ => {
            let condition = maker.condition(1);
            let constant = !condition.is_public();
            let otherwise = maker.branch(3, constant, true);
            Num::If(condition.into(), Block { stmts: Vec::new(), value: all }.into(), otherwise.into())
        }
    };
    Block { stmts, value }
}

struct Maker<'a> {
    tape: &'a mut dyn Tape,
    /// How many variables of each kind are in scope.
    nums: usize,
    bits: usize,
}

impl Maker<'_> {
    fn pick(&mut self, n: usize) -> usize {
        self.tape.pick(n)
    }

    /// The last variable is the simplest choice.
    fn var(&mut self) -> Num {
        let nums = self.nums;
        Num::Var(nums - 1 - self.pick(nums))
    }

    /// Some are no fixed-point numbers.
    fn constant(&mut self) -> Num {
        Num::Const([0.0, 1.0, 0.5, -1.0, 2.0, 0.3, -1.7][self.pick(7)])
    }

    /// A value; a constant only where an `f64` has the right type, `effects` only where nothing else is borrowed.
    fn value(&mut self, depth: usize, constant: bool, effects: bool) -> Num {
        match (depth, self.pick(8)) {
            (0, _) | (_, 0) => self.var(),
            (_, 1) if constant => self.constant(),
            (_, 1 | 2) => {
                let condition = self.condition(depth - 1);
                let constant = !condition.is_public();
                let then = self.branch(depth - 1, constant, effects);
                let otherwise = self.branch(depth - 1, constant, effects);
                Num::If(condition.into(), then.into(), otherwise.into())
            }
            (_, 3) => Num::Neg(self.value(depth - 1, false, false).into()),
            (_, 4) => {
                let op = ['+', '-', '*'][self.pick(3)];
                let (constant, value) = (self.constant().into(), self.value(depth - 1, false, false).into());
                if self.pick(2) == 0 { Num::Binary(op, value, constant) } else { Num::Binary(op, constant, value) }
            }
            _ => {
                let op = ['+', '-', '*'][self.pick(3)];
                let (left, right) = (self.value(depth - 1, false, false), self.value(depth - 1, false, false));
                Num::Binary(op, left.into(), right.into())
            }
        }
    }

    fn branch(&mut self, depth: usize, constant: bool, effects: bool) -> Block {
        self.scoped(|maker| {
            let count = if effects { maker.pick(3) } else { 0 };
            let stmts = maker.stmts(count, depth);
            Block { stmts, value: maker.value(depth, constant, effects) }
        })
    }

    fn condition(&mut self, depth: usize) -> Cond {
        if self.pick(8) == 7 {
            return Cond::Public(["<", ">="][self.pick(2)], [0.5, 1.5][self.pick(2)]);
        }
        self.secret_bits(depth)
    }

    /// A condition that is not a `bool`.
    fn secret_bits(&mut self, depth: usize) -> Cond {
        match (depth, self.pick(8)) {
            (_, 5) if self.bits > 0 => {
                let bits = self.bits;
                Cond::Var(self.pick(bits))
            }
            (1.., 1) => Cond::Not(self.secret_bits(depth - 1).into()),
            (1.., 2) => Cond::And(self.condition(depth - 1).into(), self.secret_bits(depth - 1).into()),
            (1.., 3) => Cond::Or(self.secret_bits(depth - 1).into(), self.condition(depth - 1).into()),
            (1.., 4) => {
                let op = ["==", "!="][self.pick(2)];
                Cond::Same(op, self.secret_bits(depth - 1).into(), self.secret_bits(depth - 1).into())
            }
            _ => {
                let op = [">", "<", ">=", "<=", "==", "!="][self.pick(6)];
                let left = self.value(depth.min(1), false, false);
                let right = if self.pick(2) == 0 { self.constant() } else { self.value(depth.min(1), true, false) };
                if self.pick(3) == 2 { Cond::Compare(op, right, left) } else { Cond::Compare(op, left, right) }
            }
        }
    }

    fn stmts(&mut self, count: usize, depth: usize) -> Vec<Stmt> {
        (0..count).map(|_| self.stmt(depth)).collect()
    }

    fn stmt(&mut self, depth: usize) -> Stmt {
        match (depth, self.pick(10)) {
            (1.., 1..=3) => {
                let condition = self.condition(depth - 1);
                let (then, otherwise) = (1 + self.pick(2), self.pick(3));
                let then = self.scoped(|maker| maker.stmts(then, depth - 1));
                let otherwise = self.scoped(|maker| maker.stmts(otherwise, depth - 1));
                Stmt::If(condition, then, otherwise)
            }
            (1.., 4) => {
                let condition = self.condition(depth - 1);
                let constant = !condition.is_public();
                let mut pair = || [(); 2].map(|()| self.value(depth - 1, constant, false));
                let (then, otherwise) = (pair(), pair());
                self.nums += 2;
                Stmt::Pair(condition, then, otherwise)
            }
            (1.., 5) => {
                let condition = self.condition(depth - 1);
                let (then, otherwise) = (self.value(depth - 1, false, false), self.value(depth - 1, false, false));
                self.nums += 1;
                Stmt::Late(condition, then, otherwise)
            }
            (2.., 6) => {
                let turns = 2 + self.pick(2);
                Stmt::For(turns, self.scoped(|maker| maker.stmts(1, depth - 1)))
            }
            (_, 7) => {
                let bits = self.secret_bits(depth);
                if self.bits > 0 && self.pick(2) == 1 {
                    let bits_in_scope = self.bits;
                    return Stmt::AssignBits(self.pick(bits_in_scope), bits);
                }
                self.bits += 1;
                Stmt::LetBits(bits)
            }
            (_, 8 | 9) => {
                let op = ["+=", "-=", "*=", "="][self.pick(4)];
                let nums = self.nums;
                let value = self.value(depth, op != "=", op == "=");
                Stmt::Assign(self.pick(nums), op, value)
            }
            _ => {
                let value = self.value(depth, false, true);
                self.nums += 1;
                Stmt::Let(value)
            }
        }
    }

    /// What `f` declares goes out of scope after it.
    fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        let before = (self.nums, self.bits);
        let made = f(self);
        (self.nums, self.bits) = before;
        made
    }
}
