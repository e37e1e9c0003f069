//! The walk over a function's body.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Arm, BinOp, Block, Expr, ExprBinary, ExprClosure, ExprForLoop, ExprIf, ExprMatch, ExprMethodCall, Ident, Item,
    Local, Macro, Pat, Signature, Stmt, Token,
};

use super::call;
use super::choice::{self, Plan};
use super::field;
use super::kinds::{is_comparison, reads, root};
use super::scope::Scopes;
use crate::ctxt::Ctxt;

pub(super) struct Rewrite<'a> {
    scopes: Scopes,
    /// How many branches of `if`s there are around the current place.
    branches: usize,
    cx: &'a mut Ctxt,
}

impl<'a> Rewrite<'a> {
    /// For the body of a function with this signature.
    pub(super) fn of(sig: &Signature, cx: &'a mut Ctxt) -> Self {
        Self { scopes: Scopes::of(sig), branches: 0, cx }
    }

    /// An expression whose value is used, or not.
    fn value(&mut self, expr: &mut Expr, discarded: bool) {
        match expr {
            Expr::If(choice) => {
                if let Some(rewritten) = self.choice(choice, discarded) {
                    *expr = rewritten;
                }
            }
            _ => self.visit_expr_mut(expr),
        }
    }

    /// Rewrites an `if`; gives what it is to be replaced by, unless it stays an `if`.
    fn choice(&mut self, choice: &mut ExprIf, discarded: bool) -> Option<Expr> {
        let discarded = discarded || choice.else_branch.is_none();
        if has_let(&choice.cond) {
            self.scopes.enter();
            self.visit_expr_mut(&mut choice.cond);
            self.block(&mut choice.then_branch, discarded);
            self.scopes.leave();
            if let Some((_, otherwise)) = &mut choice.else_branch {
                self.otherwise(otherwise, discarded);
            }
            return None;
        }
        let plan = Plan::of(choice, &self.scopes, discarded);
        self.visit_expr_mut(&mut choice.cond);
        self.branches += 1;
        self.block(&mut choice.then_branch, discarded);
        if let Some((_, otherwise)) = &mut choice.else_branch {
            match &plan {
                Plan::Native(..) => self.otherwise(otherwise, discarded),
                Plan::Both(_) => self.value(otherwise, discarded),
            }
        }
        self.branches -= 1;
        plan.assigned().iter().for_each(|name| self.scopes.assign(name));
        match plan {
            Plan::Native(function, reason) => {
                *choice.cond = choice::native(function, &reason, &choice.cond);
                None
            }
            Plan::Both(state) => Some(choice::oblivious(choice, &state, discarded)),
        }
    }

    /// Whether this reads a variable in a branch that it could change by another method.
    fn only_reads(&self, call: &ExprMethodCall) -> bool {
        let changeable = |name: &Ident| {
            self.scopes.reaches_out(name) || self.scopes.find(name).is_some_and(|variable| variable.mutable)
        };
        self.branches > 0 && reads(&call.method) && root(&call.receiver).is_some_and(changeable)
    }

    /// What follows an `else` that stays one: a block or another `if`.
    fn otherwise(&mut self, otherwise: &mut Box<Expr>, discarded: bool) {
        match &mut **otherwise {
            Expr::Block(block) => self.block(&mut block.block, discarded),
            other => {
                self.value(other, discarded);
                if !matches!(other, Expr::If(_) | Expr::Block(_)) {
                    let inner = other.to_token_stream();
                    *other = Expr::Verbatim(quote!({ #inner }));
                }
            }
        }
    }

    fn block(&mut self, block: &mut Block, discarded: bool) {
        self.scopes.enter();
        let last = block.stmts.len().saturating_sub(1);
        for (at, stmt) in block.stmts.iter_mut().enumerate() {
            match stmt {
                Stmt::Expr(expr, semi) => {
                    let was_if = matches!(expr, Expr::If(_));
                    self.value(expr, semi.is_some() || at < last || discarded);
                    if was_if && at < last && !matches!(expr, Expr::If(_)) {
                        semi.get_or_insert_with(<Token![;]>::default);
                    }
                }
                other => self.visit_stmt_mut(other),
            }
        }
        self.scopes.leave();
    }

    /// An arm of a `match`, perhaps on something of `self`.
    fn arm(&mut self, arm: &mut Arm, part: Option<String>) {
        self.scopes.enter();
        self.scopes.bind_parts(&arm.pat, part);
        if let Some((_, guard)) = &mut arm.guard {
            let at = guard.clone();
            self.visit_expr_mut(guard);
            if !has_let(guard) {
                **guard = choice::native("may_guard", &at.to_token_stream(), guard);
            }
        }
        self.visit_expr_mut(&mut arm.body);
        self.scopes.leave();
    }

    fn binary(&mut self, binary: &mut ExprBinary) -> Option<Expr> {
        let name = match binary.op {
            BinOp::Lt(_) => "lt",
            BinOp::Le(_) => "le",
            BinOp::Gt(_) => "gt",
            BinOp::Ge(_) => "ge",
            BinOp::Eq(_) => "eq",
            BinOp::Ne(_) => "ne",
            BinOp::And(_) => "and",
            BinOp::Or(_) => "or",
            _ => {
                visit_mut::visit_expr_binary_mut(self, binary);
                return None;
            }
        };
        let whole = binary.clone();
        if is_comparison(&binary.op) {
            visit_mut::visit_expr_binary_mut(self, binary);
            let (left, right) = (borrowed(&binary.left, &whole), borrowed(&binary.right, &whole));
            return Some(Expr::Verbatim(call(name, &whole, &quote!(#left, #right))));
        }
        if has_let(&binary.left) || has_let(&binary.right) {
            visit_mut::visit_expr_binary_mut(self, binary);
            return None;
        }
        let leaves = super::branch::Branch::of(&binary.right, &self.scopes, false).leaves;
        visit_mut::visit_expr_binary_mut(self, binary);
        if let Some(reason) = leaves {
            *binary.left = choice::native("may_leave", &reason, &binary.left);
            return None;
        }
        let (left, right) = (&binary.left, &binary.right);
        Some(Expr::Verbatim(call(name, &whole, &quote!(#left, || #right))))
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_expr_mut(&mut self, expr: &mut Expr) {
        match expr {
            Expr::If(_) => self.value(expr, false),
            Expr::Binary(binary) => {
                if let Some(rewritten) = self.binary(binary) {
                    *expr = rewritten;
                }
            }
            Expr::Assign(assign) => {
                self.visit_expr_mut(&mut assign.right);
                self.visit_expr_mut(&mut assign.left);
                if let Some(name) = root(&assign.left) {
                    self.scopes.assign(name);
                }
            }
            Expr::While(turn) => {
                self.scopes.enter();
                let at = turn.cond.clone();
                self.visit_expr_mut(&mut turn.cond);
                if !has_let(&turn.cond) {
                    *turn.cond = choice::native("may_loop", &at.to_token_stream(), &turn.cond);
                }
                self.block(&mut turn.body, true);
                self.scopes.leave();
            }
            Expr::Index(index) => {
                visit_mut::visit_expr_index_mut(self, index);
                if !matches!(*index.index, Expr::Lit(_) | Expr::Range(_)) {
                    let at = &index.index;
                    *index.index = Expr::Verbatim(call("index", at, &at.to_token_stream()));
                }
            }
            Expr::Unsafe(block) => {
                self.cx.error(
                    block.unsafe_token,
                    "`unsafe` code can read what is secret: move it out of `#[secure_model]`, into a function of its own",
                );
                self.block(&mut block.block, false);
            }
            Expr::MethodCall(call) => {
                visit_mut::visit_expr_method_call_mut(self, call);
                if self.only_reads(call) {
                    let receiver = &call.receiver;
                    *call.receiver = Expr::Verbatim(quote_spanned!(receiver.span()=> (&#receiver)));
                }
                if let Some(rewritten) = field::forward(call) {
                    *expr = rewritten;
                }
            }
            Expr::Call(call) => {
                visit_mut::visit_expr_call_mut(self, call);
                let part = |name: &Ident| self.scopes.find(name)?.part.clone();
                if let Some(rewritten) = field::call(call, part) {
                    *expr = rewritten;
                }
            }
            // Code that runs at another time.
            Expr::Const(_) => {}
            other => visit_mut::visit_expr_mut(self, other),
        }
    }

    fn visit_block_mut(&mut self, block: &mut Block) {
        self.block(block, false);
    }

    fn visit_local_mut(&mut self, local: &mut Local) {
        visit_mut::visit_local_mut(self, local);
        self.scopes.declare(local);
    }

    fn visit_expr_let_mut(&mut self, binding: &mut syn::ExprLet) {
        let part = self.scopes.part(&binding.expr);
        self.visit_expr_mut(&mut binding.expr);
        self.scopes.bind_parts(&binding.pat, part);
    }

    fn visit_expr_for_loop_mut(&mut self, turn: &mut ExprForLoop) {
        let any = || field::mentions_self(&turn.expr).then(String::new);
        let part = self.scopes.part(&turn.expr).or_else(any);
        self.visit_expr_mut(&mut turn.expr);
        self.scopes.enter();
        self.scopes.bind_parts(&turn.pat, part);
        self.block(&mut turn.body, true);
        self.scopes.leave();
    }

    fn visit_expr_closure_mut(&mut self, closure: &mut ExprClosure) {
        self.scopes.enter();
        closure.inputs.iter().for_each(|input| self.scopes.bind_pattern(input));
        self.visit_expr_mut(&mut closure.body);
        self.scopes.leave();
    }

    fn visit_expr_match_mut(&mut self, choice: &mut ExprMatch) {
        let (at, part) = (choice.expr.clone(), self.scopes.part(&choice.expr));
        self.visit_expr_mut(&mut choice.expr);
        if choice.arms.iter().any(|arm| is_literal(&arm.pat)) {
            *choice.expr = Expr::Verbatim(call("scrutinee", &at, &choice.expr.to_token_stream()));
        }
        choice.arms.iter_mut().for_each(|arm| self.arm(arm, part.clone()));
    }

    /// The elements of a `vec![..]`, and what an `assert!` asserts. Other macros are not looked into.
    fn visit_macro_mut(&mut self, mac: &mut Macro) {
        let Some(name) = mac.path.get_ident().map(ToString::to_string) else { return };
        let asserts = matches!(&*name, "assert" | "debug_assert");
        if !asserts && name != "vec" {
            return;
        }
        let list = Punctuated::<Expr, Token![,]>::parse_terminated;
        let Ok(mut exprs) = mac.parse_body_with(list) else { return };
        if asserts {
            let Some(condition) = exprs.first_mut() else { return };
            let at = condition.to_token_stream();
            self.visit_expr_mut(condition);
            *condition = choice::native("may_assert", &at, condition);
        } else {
            exprs.iter_mut().for_each(|expr| self.visit_expr_mut(expr));
        }
        mac.tokens = exprs.to_token_stream();
    }

    // Patterns, types and items within the function keep their meaning.
    fn visit_pat_mut(&mut self, _: &mut Pat) {}
    fn visit_type_mut(&mut self, _: &mut syn::Type) {}
    fn visit_item_mut(&mut self, _: &mut Item) {}
}

/// `&(expr)`, underlined like `at`: a type that does not compare gives one error, for the whole comparison.
fn borrowed(expr: &Expr, at: &impl ToTokens) -> TokenStream {
    let (start, end) = super::places(at);
    let reference = quote_spanned!(start=> &);
    let inner = match expr {
        Expr::Paren(paren) => paren.expr.to_token_stream(),
        other => other.to_token_stream(),
    };
    let inner = quote_spanned!(end=> (#inner));
    quote!(#reference #inner)
}

/// Whether a condition binds something: `let Some(x) = y`, perhaps among others.
fn has_let(condition: &Expr) -> bool {
    match condition {
        Expr::Let(_) => true,
        Expr::Binary(binary) if matches!(binary.op, BinOp::And(_)) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

/// Whether a pattern compares with a literal at the top.
fn is_literal(pat: &Pat) -> bool {
    match pat {
        Pat::Lit(_) | Pat::Range(_) => true,
        Pat::Or(any) => any.cases.iter().any(is_literal),
        Pat::Paren(paren) => is_literal(&paren.pat),
        Pat::Ident(name) => name.subpat.as_ref().is_some_and(|(_, pat)| is_literal(pat)),
        _ => false,
    }
}
