//! The waist: what ops call, with protocol, ring and backend erased. One implementation, [`Machine`], serves every
//! protocol.

mod bits;
mod choice;
mod functions;
mod fused;
mod machine;
mod operand;
mod random;
mod shares;
mod stored;

pub use bits::{Comparison, Logic};
pub use machine::Machine;
pub use operand::{Encoded, Kind, Operand, Value, Vis};
pub use random::Random;

use crate::{
    bilinear::{Bilinear, Linear},
    circuits::{Guarded, Wide},
    error::{InputError, Result},
    fixed::{Factors, Fixed},
    preprocessing::Need,
    shape::View,
};
use std::pin::Pin;

/// The coroutine of an op: resolves to what this party holds of the result.
pub type Forward<'a> = Pin<Box<dyn Future<Output = Value> + 'a>>;

/// What a party can do with values. Operands are done when a method is called. `out` says who may know the result and
/// addresses its randomness; a method uses steps 0 to 15 of it.
///
/// Methods choose the cheapest way for the operands' visibilities: what one party knows is computed there. A `plan_`
/// twin runs before, in the order of the program: it decides which wires will be opened and says what the dealer must
/// prepare.
pub trait Engine {
    /// What went wrong in the machine so far: see [`Backend::check`](crate::backend::Backend::check).
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device).
    fn check(&self) -> Result<()>;
    /// The code of numbers.
    fn fixed(&self) -> Fixed;
    /// Whether what the parties hold of a secret adds up to it in the ring.
    fn additive(&self) -> bool;
    /// Factors nearest to some numbers, if the ring holds them.
    fn factors(&self, c: &[f64]) -> Option<Factors>;

    /// At a client: what it holds of a value that others know.
    fn unknown(&self, out: &Operand) -> Value;
    /// At a client: sends the parties what they need to have shares of a value that it knows. Once, however often it is
    /// asked.
    fn supply(&self, x: &Operand);

    /// Whether a result is beyond what sessions can hold, if this engine was asked to check.
    fn exceeds(&self, x: &Operand) -> bool;

    /// Numbers from outside.
    ///
    /// # Errors
    /// [`InputError`] for a number that the ring cannot hold.
    fn encode(&self, values: &[f64]) -> Result<Encoded, InputError>;
    /// What this party holds of an input; `encoded` at the parties who know it.
    fn load(&self, out: &Operand, encoded: Option<&Encoded>) -> Value;
    /// The numbers (0 and 1 for bits), at a party who may read them.
    fn decode(&self, x: &Operand) -> Option<Vec<f64>>;

    /// `a + b`, of equal shapes.
    fn add<'a>(&'a self, out: &'a Operand, a: &'a Operand, b: &'a Operand) -> Forward<'a>;
    /// `a - b`, of equal shapes.
    fn sub<'a>(&'a self, out: &'a Operand, a: &'a Operand, b: &'a Operand) -> Forward<'a>;
    /// A linear map that makes a new wire.
    fn linear<'a>(&'a self, out: &'a Operand, map: &'a Linear, x: &'a Operand) -> Forward<'a>;
    /// A view: keeps the wire's opening.
    fn view<'a>(&'a self, out: &'a Operand, view: &'a View, x: &'a Operand) -> Forward<'a>;
    /// Pieces one after the other: see [`Backend::concat`](crate::backend::Backend::concat).
    fn concat<'a>(&'a self, out: &'a Operand, parts: &'a [&'a Operand], runs: &'a [usize], outer: usize)
    -> Forward<'a>;

    /// A bilinear map of two numbers, perhaps plus a number of the result's shape, rescaled.
    fn product<'a>(
        &'a self,
        out: &'a Operand,
        map: &'a Bilinear,
        a: &'a Operand,
        b: &'a Operand,
        plus: Option<&'a Operand>,
    ) -> Forward<'a>;
    /// Plans [`Self::product`].
    fn plan_product(&self, out: &Operand, map: &Bilinear, a: &Operand, b: &Operand) -> Vec<Need>;

    /// A sum of multiples, `sum_k numerators[k] x_k / 2^shift`, of equal shapes, rescaled once.
    fn combine<'a>(&'a self, out: &'a Operand, numerators: &'a [i64], shift: u32, x: &'a [&'a Operand]) -> Forward<'a>;
    /// Plans [`Self::combine`].
    fn plan_combine(&self, out: &Operand, shift: u32) -> Vec<Need>;

    /// A function with a series and tails.
    fn function<'a>(&'a self, out: &'a Operand, f: &'a Guarded, x: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::function`].
    fn plan_function(&self, out: &Operand, f: &Guarded, x: &Operand) -> Vec<Need>;

    /// A function over the whole range of numbers.
    fn wide<'a>(&'a self, out: &'a Operand, f: &'a Wide, x: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::wide`].
    fn plan_wide(&self, out: &Operand, f: &Wide, x: &Operand) -> Vec<Need>;
    /// `a * b` over 2^bits, element by element: for factors that are not both at the scale of numbers.
    fn shifted<'a>(&'a self, out: &'a Operand, bits: u32, a: &'a Operand, b: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::shifted`].
    fn plan_shifted(&self, out: &Operand, bits: u32, a: &Operand, b: &Operand) -> Vec<Need>;

    /// How numbers compare with a public one: bits.
    fn compare<'a>(&'a self, out: &'a Operand, how: Comparison, threshold: f64, x: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::compare`].
    fn plan_compare(&self, out: &Operand, how: Comparison, x: &Operand) -> Vec<Need>;

    /// `a & b`, `a | b` or `a ^ b` of bits.
    fn logic<'a>(&'a self, out: &'a Operand, how: Logic, a: &'a Operand, b: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::logic`].
    fn plan_logic(&self, out: &Operand, how: Logic, a: &Operand, b: &Operand) -> Vec<Need>;
    /// `!x` of bits.
    fn not<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a>;

    /// The conjunction of up to [`MOST`](crate::backend::conjunction::MOST) tensors of bits, of equal shapes.
    fn all<'a>(&'a self, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a>;
    /// Plans [`Self::all`].
    fn plan_all(&self, out: &Operand, x: &[&Operand]) -> Vec<Need>;

    /// Whole numbers below `classes` as rows of bits.
    fn one_hot<'a>(&'a self, out: &'a Operand, classes: usize, x: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::one_hot`].
    fn plan_one_hot(&self, out: &Operand, classes: usize, x: &Operand) -> Vec<Need>;

    /// Random values that nobody knows.
    fn random<'a>(&'a self, out: &'a Operand, what: Random) -> Forward<'a>;
    /// Plans [`Self::random`].
    fn plan_random(&self, out: &Operand, what: Random) -> Vec<Need>;

    /// Bits as numbers 0 and 1.
    fn number<'a>(&'a self, out: &'a Operand, bits: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::number`].
    fn plan_number(&self, out: &Operand, bits: &Operand) -> Vec<Need>;
    /// `bit ? x : 0`.
    fn keep<'a>(&'a self, out: &'a Operand, bits: &'a Operand, x: &'a Operand) -> Forward<'a>;
    /// Plans [`Self::keep`].
    fn plan_keep(&self, out: &Operand, bits: &Operand, x: &Operand) -> Vec<Need>;

    /// What this party holds of a secret tensor of numbers.
    fn own_share(&self, x: &Operand) -> Vec<u8>;
    /// How many bytes of it an element has.
    fn share_bytes(&self) -> usize;
    /// The secret of which every party held such a share, as fresh shares.
    fn restore(&self, out: &Operand, bytes: &[u8]) -> Value;

    /// A value that somebody knows, as fresh shares.
    fn share<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a>;
    /// A secret, opened to those who may know `out`.
    fn reveal<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a>;
}
