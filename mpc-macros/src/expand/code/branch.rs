//! What a branch of an `if` does to the world around it.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{
    Arm, Block, Expr, ExprAssign, ExprBinary, ExprClosure, ExprForLoop, ExprIf, ExprLoop, ExprMethodCall,
    ExprReference, ExprWhile, Ident, Item, Label, Lifetime, Local, Macro, Stmt, Token,
};

use super::kinds::{ACTING, LEAVING, is_assignment, is_comparison, reads, root};
use super::scope::Scopes;

/// The findings about one branch.
#[derive(Default)]
pub(super) struct Branch {
    /// Outer names that are used up: moved, or copied.
    pub(super) consumed: Vec<Ident>,
    /// Outer names that occur at all.
    pub(super) mentioned: Vec<Ident>,
    /// Outer variables that are changed.
    pub(super) changed: Vec<Ident>,
    /// Those that are assigned for sure. The others are only borrowed by what may change them.
    pub(super) assigned: Vec<Ident>,
    /// The first construct that leaves the branch early.
    pub(super) leaves: Option<TokenStream>,
    /// The first construct that changes something other than a local variable.
    pub(super) acts: Option<TokenStream>,
}

impl Branch {
    /// Looks at a branch; `discarded` says whether nobody uses its value.
    pub(super) fn of(body: &Expr, outer: &Scopes, discarded: bool) -> Self {
        let mut walk = Walk { outer, inner: Scopes::default(), found: Self::default(), loops: 0, labels: Vec::new() };
        walk.value(body, discarded);
        walk.found
    }
}

struct Walk<'a> {
    outer: &'a Scopes,
    inner: Scopes,
    found: Branch,
    /// Loops of the branch around the current place.
    loops: usize,
    /// The labels of the branch's own blocks and loops.
    labels: Vec<Lifetime>,
}

fn add(list: &mut Vec<Ident>, name: &Ident) {
    if !list.contains(name) {
        list.push(name.clone());
    }
}

impl Walk<'_> {
    /// Visits an expression whose value is used, or not.
    fn value(&mut self, expr: &Expr, discarded: bool) {
        match expr {
            Expr::Block(block) if discarded => {
                self.labelled(block.label.as_ref(), |walk| walk.block(&block.block, true))
            }
            Expr::If(choice) if discarded => self.choice(choice, true),
            Expr::MethodCall(call) if discarded => {
                match root(&call.receiver).map(|name| (name, self.outer_variable(name))) {
                    // A change of a local variable, if anything.
                    Some((name, Some(true))) => add(&mut self.found.changed, name),
                    Some((name, None)) if self.inner.find(name).is_some() => {}
                    _ => self.acts(expr),
                }
                self.visit_expr_method_call(call);
            }
            Expr::Call(_) if discarded => {
                self.acts(expr);
                self.visit_expr(expr);
            }
            _ => self.visit_expr(expr),
        }
    }

    /// Whether the name is that of an outer variable that may be changed.
    fn outer_variable(&self, name: &Ident) -> Option<bool> {
        if self.inner.find(name).is_some() {
            return None;
        }
        self.outer.find(name).map(|variable| variable.mutable && !variable.borrowed)
    }

    fn block(&mut self, block: &Block, discarded: bool) {
        self.inner.enter();
        for (at, stmt) in block.stmts.iter().enumerate() {
            match stmt {
                Stmt::Expr(expr, semi) => {
                    let unused = semi.is_some() || at + 1 < block.stmts.len();
                    self.value(expr, unused || discarded);
                }
                other => self.visit_stmt(other),
            }
        }
        self.inner.leave();
    }

    fn choice(&mut self, choice: &ExprIf, discarded: bool) {
        self.inner.enter();
        self.visit_expr(&choice.cond);
        self.block(&choice.then_branch, discarded);
        self.inner.leave();
        if let Some((_, otherwise)) = &choice.else_branch {
            self.value(otherwise, discarded);
        }
    }

    fn leaves(&mut self, what: &impl ToTokens) {
        self.found.leaves.get_or_insert_with(|| what.to_token_stream());
    }

    fn acts(&mut self, what: &impl ToTokens) {
        self.found.acts.get_or_insert_with(|| what.to_token_stream());
    }

    fn mention(&mut self, name: &Ident) {
        if self.inner.find(name).is_none() {
            add(&mut self.found.mentioned, name);
        }
    }

    /// Something is assigned to `place`.
    fn change(&mut self, place: &Expr) {
        match place {
            Expr::Tuple(tuple) => tuple.elems.iter().for_each(|place| self.change(place)),
            Expr::Paren(paren) => self.change(&paren.expr),
            Expr::Infer(_) => {}
            _ => {
                let name = root(place);
                let through = matches!(place, Expr::Unary(_));
                match name.filter(|_| !through) {
                    Some(name) if self.inner.find(name).is_some() => {}
                    Some(name) if self.outer.find(name).is_some_and(|variable| !variable.borrowed) => {
                        add(&mut self.found.changed, name);
                        add(&mut self.found.assigned, name);
                    }
                    _ => self.acts(place),
                }
                self.place(place);
            }
        }
    }

    /// Visits a place that is borrowed or looked at, not used up.
    fn place(&mut self, expr: &Expr) {
        match expr {
            Expr::Path(path) => {
                if let Some(name) = path.path.get_ident() {
                    self.mention(name);
                }
            }
            Expr::Paren(paren) => self.place(&paren.expr),
            Expr::Field(field) => self.place(&field.base),
            Expr::Index(index) => {
                self.place(&index.expr);
                self.visit_expr(&index.index);
            }
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => self.place(&unary.expr),
            other => self.visit_expr(other),
        }
    }

    fn labelled(&mut self, label: Option<&Label>, f: impl FnOnce(&mut Self)) {
        let depth = self.labels.len();
        self.labels.extend(label.map(|label| label.name.clone()));
        f(self);
        self.labels.truncate(depth);
    }

    fn turning(&mut self, label: Option<&Label>, f: impl FnOnce(&mut Self)) {
        self.loops += 1;
        self.labelled(label, f);
        self.loops -= 1;
    }

    fn stays(&self, label: Option<&Lifetime>) -> bool {
        label.map_or(self.loops > 0, |label| self.labels.contains(label))
    }
}

impl Visit<'_> for Walk<'_> {
    fn visit_expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Path(path) => {
                if let Some(name) = path.path.get_ident().filter(|name| self.inner.find(name).is_none()) {
                    add(&mut self.found.mentioned, name);
                    add(&mut self.found.consumed, name);
                    if self.outer.reaches_out(name) {
                        self.acts(expr);
                    }
                }
            }
            Expr::Field(_) | Expr::Index(_) => self.place(expr),
            Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Deref(_)) => self.place(expr),
            Expr::Call(call) => {
                self.place(&call.func);
                call.args.iter().for_each(|arg| self.visit_expr(arg));
            }
            Expr::Return(_) | Expr::Try(_) | Expr::Await(_) | Expr::Yield(_) => {
                self.leaves(expr);
                visit::visit_expr(self, expr);
            }
            Expr::Break(leave) => {
                if !self.stays(leave.label.as_ref()) {
                    self.leaves(expr);
                }
                visit::visit_expr(self, expr);
            }
            Expr::Continue(leave) => {
                if !self.stays(leave.label.as_ref()) {
                    self.leaves(expr);
                }
            }
            Expr::Block(block) => self.labelled(block.label.as_ref(), |walk| walk.block(&block.block, false)),
            Expr::Match(choice) => {
                self.place(&choice.expr);
                choice.arms.iter().for_each(|arm| self.visit_arm(arm));
            }
            // What happens in these happens at another time, or not at all.
            Expr::Async(_) | Expr::Const(_) => {}
            other => visit::visit_expr(self, other),
        }
    }

    fn visit_block(&mut self, block: &Block) {
        self.block(block, false);
    }

    fn visit_local(&mut self, local: &Local) {
        visit::visit_local(self, local);
        self.inner.declare(local);
    }

    fn visit_expr_if(&mut self, choice: &ExprIf) {
        self.choice(choice, false);
    }

    fn visit_expr_let(&mut self, binding: &syn::ExprLet) {
        self.place(&binding.expr);
        self.inner.bind_pattern(&binding.pat);
    }

    fn visit_arm(&mut self, arm: &Arm) {
        self.inner.enter();
        self.inner.bind_pattern(&arm.pat);
        visit::visit_arm(self, arm);
        self.inner.leave();
    }

    fn visit_expr_for_loop(&mut self, turn: &ExprForLoop) {
        self.visit_expr(&turn.expr);
        self.inner.enter();
        self.inner.bind_pattern(&turn.pat);
        self.turning(turn.label.as_ref(), |walk| walk.block(&turn.body, true));
        self.inner.leave();
    }

    fn visit_expr_while(&mut self, turn: &ExprWhile) {
        self.inner.enter();
        self.visit_expr(&turn.cond);
        self.turning(turn.label.as_ref(), |walk| walk.block(&turn.body, true));
        self.inner.leave();
    }

    fn visit_expr_loop(&mut self, turn: &ExprLoop) {
        self.turning(turn.label.as_ref(), |walk| walk.block(&turn.body, true));
    }

    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        let mut walk =
            Walk { outer: self.outer, inner: Scopes::default(), found: Branch::default(), loops: 0, labels: vec![] };
        walk.inner.enter();
        closure.inputs.iter().for_each(|input| walk.inner.bind_pattern(input));
        walk.visit_expr(&closure.body);
        // A closure borrows what it does not move, and leaves nothing but itself.
        let Branch { consumed, mentioned, changed, acts, .. } = walk.found;
        mentioned.iter().for_each(|name| self.mention(name));
        let own = |name: &Ident| self.inner.find(name).is_some();
        let consumed: Vec<_> = consumed.into_iter().filter(|name| closure.capture.is_some() && !own(name)).collect();
        let changed: Vec<_> = changed.into_iter().filter(|name| !own(name)).collect();
        consumed.iter().for_each(|name| add(&mut self.found.consumed, name));
        changed.iter().for_each(|name| add(&mut self.found.changed, name));
        if let Some(acts) = acts {
            self.acts(&acts);
        }
    }

    fn visit_expr_assign(&mut self, assign: &ExprAssign) {
        self.visit_expr(&assign.right);
        self.change(&assign.left);
    }

    fn visit_expr_binary(&mut self, binary: &ExprBinary) {
        if is_comparison(&binary.op) {
            self.place(&binary.left);
            self.place(&binary.right);
        } else if is_assignment(&binary.op) {
            self.visit_expr(&binary.right);
            self.change(&binary.left);
        } else {
            visit::visit_expr_binary(self, binary);
        }
    }

    fn visit_expr_reference(&mut self, reference: &ExprReference) {
        if reference.mutability.is_some() {
            let assigned = self.found.assigned.clone();
            self.change(&reference.expr);
            self.found.assigned = assigned;
        } else {
            self.place(&reference.expr);
        }
    }

    /// What a method could change, it is taken to change: whether it does is not to be seen here.
    /// A clone only reads, and so do the methods that every tensor has.
    fn visit_expr_method_call(&mut self, call: &ExprMethodCall) {
        let reads = call.method == "clone" && call.args.is_empty() || reads(&call.method);
        let outer = root(&call.receiver).filter(|name| !reads && self.inner.find(name).is_none());
        if let Some(name) = outer {
            if self.outer.reaches_out(name) {
                self.acts(call);
            } else if self.outer_variable(name) == Some(true) {
                add(&mut self.found.changed, name);
            }
        }
        // It would be opened whatever the bits are. In a function that is called here, the session refuses it.
        if call.method == "reveal" || call.method == "reveal_to" {
            self.acts(call);
        }
        self.place(&call.receiver);
        call.args.iter().for_each(|arg| self.visit_expr(arg));
    }

    fn visit_macro(&mut self, mac: &Macro) {
        let name = mac.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        if LEAVING.contains(&&*name) {
            self.leaves(mac);
        } else if ACTING.contains(&&*name) {
            self.acts(mac);
        }
        if name == "vec"
            && let Ok(elements) = mac.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)
        {
            elements.iter().for_each(|element| self.visit_expr(element));
        } else {
            self.tokens(mac.tokens.clone());
        }
    }

    fn visit_item(&mut self, _: &Item) {}
}

impl Walk<'_> {
    /// Names in a macro that we do not know.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(name) => self.mention(&name),
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}
