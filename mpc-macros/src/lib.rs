//! The embedded language of the `mpc` framework: [`parties!`], [`secure_model`], [`Select`](derive@Select),
//! [`main`](macro@main) and [`test`](macro@test).
//!
//! Users reach the macros through the `mpc` crate, and what they emit names only absolute `::mpc::` paths. Every macro
//! reports all mistakes of one input at once, each at the user's own tokens, and still emits the user's item with stand-ins
//! for what it would have derived, so that one mistake gives one error.
//!
//! The way through the crate: `attr` and `ast` read and check the input, noting mistakes in a `ctxt::Ctxt`; `expand` turns what
//! is valid into code; `fallback` stands in for it otherwise. All of that works on `proc_macro2::TokenStream`, so the tests
//! keep expansions as snapshots.

#![deny(missing_docs)]

mod ast;
mod attr;
mod ctxt;
mod expand;
mod fallback;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Names the parties of a computation and makes each of them a type.
///
/// ```ignore
/// mpc::parties! {
///     compute
///         /// Holds the patients' records.
///         Hospital,
///         /// Holds the laboratory's measurements.
///         Lab;
/// }
/// ```
///
/// Each name becomes a zero-sized `pub struct` that implements `mpc::Party`; `Parties` stands for all of them and
/// implements `mpc::PartySet`. A party's index is its place in the list, clients after those who compute. Doc comments and other attributes go directly before
/// a name and end up on its type (`#[cfg]` does not: all programs must agree on who takes part).
///
/// `compute` names those who hold shares and compute; there are at least two. `client Patient;` names those who only give
/// inputs and get results, in a process of their own that runs the same program. The names `Parties` and `Dealer` are taken.
#[proc_macro]
pub fn parties(input: TokenStream) -> TokenStream {
    expand::parties(input.into()).into()
}

/// Makes a struct of layers and parameters a module: something with named parameters that can be trained, saved and shared.
/// On its code, lets `if` and comparisons work on tensors.
///
/// ```ignore
/// #[secure_model]
/// pub struct Net {
///     hidden: Linear,
///     out: Linear,
///     #[skip]
///     classes: usize,
/// }
/// ```
///
/// Every field is a part, and its type implements `mpc::nn::Module`: a layer, a parameter, or another `#[secure_model]`. The
/// name of the field is the part's name in parameter names, scopes and saved files; in a tuple struct it is the position, `0`,
/// `1`, and so on. A field marked `#[skip]` is plain public data that the module does not see.
///
/// The macro takes no arguments and derives:
/// - `mpc::nn::Module`, which visits the parts in the order they are written. For a field whose type mentions a generic
///   parameter, the impl asks that the type is a module.
/// - `Debug`, which shows the parts by their own `Debug`, never values, and leaves skipped fields out. So there must be no
///   `#[derive(Debug)]` next to it.
///
/// # On an `impl` block or a function
/// Inside, ordinary Rust works on tensors too:
///
/// ```ignore
/// #[secure_model]
/// impl Net {
///     fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
///         let y = self.hidden.forward(x);
///         if y > 0.0 { y } else { 0.0 } // both branches are computed, and one is chosen for each element
///     }
/// }
/// ```
///
/// Comparisons, `&& || !` and `if` become calls of `mpc::lang`, and there the types decide: on `bool` and plain numbers they
/// do what they always do; on tensors they record comparisons, logic and choices. What cannot be computed without telling a
/// secret (a `while` on one, a `return` under one, and so on) does not compile. docs/language.md has the whole list.
#[proc_macro_attribute]
pub fn secure_model(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::model(args.into(), item.into()).into()
}

/// Lets an `if` on secret bits yield a struct, or change one: each field is chosen by itself.
///
/// ```ignore
/// #[derive(Clone, Select)]
/// struct Best {
///     price: Tensor<Secret>,
///     bidder: Tensor<Secret>,
/// }
///
/// #[secure_model]
/// fn better(a: Best, b: Best) -> Best {
///     if a.price > b.price { a } else { b }
/// }
/// ```
///
/// Every field is a tensor, bits, a tuple, array or `Vec` of these, or another struct with `Select`. The choices of the fields
/// share their rounds: 1 after the opening of their differences. The struct is `Clone`, if a variable of its type changes in a
/// branch, or if both branches use it up: each gets a copy, which is free for tensors.
#[proc_macro_derive(Select)]
pub fn select(item: TokenStream) -> TokenStream {
    expand::select(item.into()).into()
}

/// Makes a multi-party program of an `async fn main`.
///
/// ```ignore
/// /// Trains on the records of two hospitals.
/// #[mpc::main]
/// async fn main(s: Session, args: Args) -> mpc::Result<()> {
///     // the program of every party
///     Ok(())
/// }
/// ```
///
/// Run without options, the program starts all parties as local processes; see `mpc::launch` for what its command line can do.
/// The doc comment of the function becomes the text of `--help`. The second parameter is optional: a struct that derives
/// `clap::Args` adds the program's own command line options.
///
/// The parties are those of the type `Parties` in scope, which [`parties!`] makes. Another set is named by an option:
/// `#[mpc::main(parties = my_crate::Parties)]`.
// The harness of a test build has a `main` of its own (rust-lang/rust#62127).
#[cfg(not(test))]
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::main(args.into(), item.into()).into()
}

/// Makes a test of an `async fn`: every party runs the body in the in-process simulator.
///
/// ```ignore
/// #[mpc::test(parties = 3, seed = 7)]
/// async fn sums_agree(s: Session) -> mpc::Result<()> {
///     // the program of every party
///     Ok(())
/// }
/// ```
///
/// The function takes the session and returns nothing or a `Result<(), E>` whose error can be displayed. Other attributes,
/// such as `#[should_panic]` and `#[ignore]`, stay on the test.
///
/// | option | meaning | without it |
/// |---|---|---|
/// | `parties = 3` | how many parties take part, 2 to 16 | 2 |
/// | `clients = 1` | how many clients besides | 0 |
/// | `seed = 7` | what all randomness of the run derives from | the simulator draws one and prints it |
/// | `protocol = plain` | `plain` (in the clear) or `dealer` | the simulator's default |
#[cfg(not(test))]
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::test(args.into(), item.into()).into()
}
