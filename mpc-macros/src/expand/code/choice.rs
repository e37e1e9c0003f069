//! What an `if` becomes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Expr, ExprIf, parse_quote};

use super::branch::Branch;
use super::call;
use super::scope::Scopes;

/// How the branches of an `if` run, found out before they are rewritten.
pub(super) enum Plan {
    /// Only a public condition will do: the name of the function that says so, and what the reason is.
    Native(&'static str, TokenStream),
    /// Both may have to run.
    Both(State),
}

/// What one branch does to the variables by itself.
struct Own {
    changes: Vec<Ident>,
    /// Those that it uses up, although they are to come back as they were.
    loses: Vec<Ident>,
}

/// The variables that go into the branches, and come out of them.
pub(super) struct State {
    /// Handed to both branches: used up in one and needed in the other, or changed.
    given: Vec<Ident>,
    /// Handed back.
    changed: Vec<Ident>,
    /// Handed back, and without a value before.
    new: Vec<Ident>,
    then: Own,
    otherwise: Own,
    /// Whether some of them may not change at all, and need not be looked at later.
    perhaps: bool,
}

impl Plan {
    pub(super) fn of(choice: &ExprIf, scopes: &Scopes, discarded: bool) -> Self {
        let block = &choice.then_branch;
        let then = Branch::of(&parse_quote!(#block), scopes, discarded);
        let otherwise = match &choice.else_branch {
            Some((_, body)) => Branch::of(body, scopes, discarded),
            None => Branch::default(),
        };
        if let Some(what) = then.leaves.as_ref().or(otherwise.leaves.as_ref()) {
            return Self::Native("may_leave", what.clone());
        }
        if let Some(what) = then.acts.as_ref().or(otherwise.acts.as_ref()) {
            return Self::Native("may_act", what.clone());
        }
        let mut changed: Vec<Ident> = Vec::new();
        for name in then.changed.iter().chain(&otherwise.changed) {
            if !changed.contains(name) {
                changed.push(name.clone());
            }
        }
        let (new, mut given): (Vec<_>, Vec<_>) =
            changed.iter().cloned().partition(|name| scopes.find(name).is_some_and(|variable| !variable.assigned));
        let moved = |a: &[Ident], b: &[Ident]| a.iter().filter(|name| b.contains(name)).cloned().collect::<Vec<_>>();
        for name in
            moved(&then.consumed, &otherwise.mentioned).into_iter().chain(moved(&otherwise.consumed, &then.mentioned))
        {
            // Through a `&mut` each branch borrows for itself, and only one of them can.
            let local = scopes.find(&name).is_some();
            if local && !given.contains(&name) && !new.contains(&name) {
                given.push(name);
            }
        }
        let sure = |name: &Ident| then.assigned.contains(name) || otherwise.assigned.contains(name);
        let unsure = !changed.iter().all(sure);
        let own = |branch: Branch| {
            let lost = |name: &&Ident| changed.contains(name) && !branch.changed.contains(name);
            Own { loses: branch.consumed.iter().filter(lost).cloned().collect(), changes: branch.changed }
        };
        let (then, otherwise) = (own(then), own(otherwise));
        let gone = |own: &Own, body: Option<&Expr>| {
            !own.loses.is_empty() || body.and_then(ending).is_some_and(|name| own.changes.contains(name))
        };
        let bodies = [Some(parse_quote!(#block)), choice.else_branch.as_ref().map(|(_, body)| (**body).clone())];
        let perhaps = unsure || gone(&then, bodies[0].as_ref()) || gone(&otherwise, bodies[1].as_ref());
        Self::Both(State { given, changed, new, then, otherwise, perhaps })
    }

    /// The names that have a value afterwards.
    pub(super) fn assigned(&self) -> &[Ident] {
        match self {
            Self::Native(..) => &[],
            Self::Both(state) => &state.new,
        }
    }
}

/// The condition of an `if` that stays one.
pub(super) fn native(function: &str, reason: &TokenStream, condition: &Expr) -> Expr {
    // The call stands at the reason and its argument at the condition, so that a message shows both.
    Expr::Verbatim(call(function, reason, &condition.to_token_stream()))
}

/// The call of `choose` for an `if` that is rewritten inside.
pub(super) fn oblivious(choice: &ExprIf, state: &State, discarded: bool) -> Expr {
    let (condition, block) = (&choice.cond, &choice.then_branch);
    let otherwise: Expr = match &choice.else_branch {
        Some((_, body)) => (**body).clone(),
        None => parse_quote!({}),
    };
    let then: Expr = parse_quote!(#block);
    if state.changed.is_empty() {
        let (name, given) = match tuple(&state.given) {
            None => ("choose", TokenStream::new()),
            Some(given) => ("choose_with", quote!(#given,)),
        };
        let (then, otherwise) = (state.plain(&then), state.plain(&otherwise));
        return Expr::Verbatim(call(name, condition, &quote!(#condition, #given #then, #otherwise)));
    }
    let changed = tuple(&state.changed).unwrap_or_default();
    let (name, given) = match tuple(&state.given) {
        None => ("choose", TokenStream::new()),
        Some(given) => ("choose_with", quote!(#given,)),
    };
    let (then, otherwise) =
        (state.keeping(&then, &state.then, discarded), state.keeping(&otherwise, &state.otherwise, discarded));
    let chosen = call(name, condition, &quote!(#condition, #given #then, #otherwise));
    let allow = state.perhaps.then(|| quote!(#[allow(unused_assignments, unused_mut)]));
    if discarded {
        let kept = quote!(::mpc::lang::Kept(#changed) = #chosen);
        return Expr::Verbatim(if state.perhaps { quote!({ #allow { #kept; } }) } else { kept });
    }
    let value = Ident::new("value", Span::mixed_site());
    let mut kept = quote!((#value, ::mpc::lang::Kept(#changed)) = #chosen;);
    if state.perhaps {
        kept = quote!(#allow { #kept });
    }
    Expr::Verbatim(quote!({ let #value; #kept #value }))
}

impl State {
    /// A branch that changes nothing.
    fn plain(&self, body: &Expr) -> TokenStream {
        let given = tuple(&self.given);
        let body = unwrapped(body);
        quote!(|#given| #body)
    }

    /// A branch that hands back what it may have changed.
    fn keeping(&self, body: &Expr, own: &Own, discarded: bool) -> TokenStream {
        let params: Vec<TokenStream> = self
            .given
            .iter()
            .map(|name| {
                let mutable = own.changes.contains(name).then(|| quote!(mut));
                quote!(#mutable #name)
            })
            .collect();
        let params = match &params[..] {
            [] => TokenStream::new(),
            [one] => one.clone(),
            many => quote!((#(#many),*)),
        };
        let new = &self.new;
        // A clone of what the body uses up, taken before.
        let saved = |name: &Ident| Ident::new(&format!("{}_before", name.unraw()), Span::mixed_site());
        let saves = own.loses.iter().map(|name| {
            let saved = saved(name);
            quote!(let #saved = ::core::clone::Clone::clone(&#name);)
        });
        let saves = quote!(#(#saves)*);
        let back = |name: &Ident| if own.loses.contains(name) { saved(name) } else { name.clone() };
        let changed = tuple(&self.changed.iter().map(back).collect::<Vec<_>>()).unwrap_or_default();
        let kept = quote!(::mpc::lang::Kept(#changed));
        let empty = matches!(body, Expr::Block(block) if block.block.stmts.is_empty());
        match (discarded, empty && new.is_empty()) {
            (true, true) => quote!(|#params| #kept),
            (true, false) => {
                let body = statements(body, &self.changed);
                quote!(|#params| { #(#[allow(clippy::needless_late_init)] let #new;)* #saves #body #kept })
            }
            (false, _) => {
                let body = own_value(body, &own.changes);
                quote!(|#params| { #(#[allow(clippy::needless_late_init)] let #new;)* #saves (#body, #kept) })
            }
        }
    }
}

/// The body as statements before others, which are to see the variables `changed`, and not what the body names like them.
fn statements(body: &Expr, changed: &[Ident]) -> TokenStream {
    let shadows = |stmt: &syn::Stmt| match stmt {
        syn::Stmt::Local(local) => super::scope::binds(&local.pat).iter().any(|name| changed.contains(name)),
        _ => false,
    };
    match body {
        Expr::Block(block) if block.block.stmts.iter().any(shadows) => quote!(#body;),
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => {
            let stmts = &block.block.stmts;
            // The last one may lack its semicolon.
            match stmts.last() {
                Some(syn::Stmt::Expr(last, None))
                    if !matches!(last, Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_)) =>
                {
                    quote!(#(#stmts)*;)
                }
                _ => quote!(#(#stmts)*),
            }
        }
        other => quote!(#other;),
    }
}

/// The variable that a body ends with, as its value.
fn ending(body: &Expr) -> Option<&Ident> {
    match body {
        Expr::Block(block) => match block.block.stmts.last()? {
            syn::Stmt::Expr(Expr::Path(path), None) => path.path.get_ident(),
            _ => None,
        },
        _ => None,
    }
}

/// The body as a value beside the variables `changes`: one that it ends with is cloned, as it goes back too.
fn own_value(body: &Expr, changes: &[Ident]) -> TokenStream {
    let mut body = body.clone();
    if let Some(name) = ending(&body).filter(|name| changes.contains(name)).cloned()
        && let Expr::Block(block) = &mut body
    {
        block.block.stmts.pop();
        block.block.stmts.push(syn::Stmt::Expr(parse_quote!(::core::clone::Clone::clone(&#name)), None));
    }
    unwrapped(&body)
}

/// A block of one expression, as this expression.
fn unwrapped(body: &Expr) -> TokenStream {
    match body {
        Expr::Block(block) if block.label.is_none() && block.attrs.is_empty() => match &block.block.stmts[..] {
            [syn::Stmt::Expr(only, None)] => match only {
                // An assignment is no value, and a struct needs no braces of its own.
                Expr::Verbatim(_) | Expr::Assign(_) | Expr::ForLoop(_) | Expr::While(_) | Expr::Loop(_) => {
                    body.to_token_stream()
                }
                only => only.to_token_stream(),
            },
            _ => body.to_token_stream(),
        },
        _ => body.to_token_stream(),
    }
}

/// Nothing, one name, or a tuple of names.
fn tuple(names: &[Ident]) -> Option<TokenStream> {
    match names {
        [] => None,
        [one] => Some(quote!(#one)),
        many => Some(quote!((#(#many),*))),
    }
}
