//! Kinds of operators, macros and places.

use syn::{BinOp, Expr, Ident};

/// Macros that leave, by a panic.
pub(super) const LEAVING: &[&str] = &[
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "bail",
    "ensure",
];

/// Macros that are there for their effect.
pub(super) const ACTING: &[&str] = &[
    "print", "println", "eprint", "eprintln", "dbg", "write", "writeln", "trace", "debug", "info", "warn", "error",
    "log",
];

/// Methods of tensors that only read, and whose names mean nothing else on numbers, lists or iterators. In a branch they are
/// called on a shared borrow: a type whose method of that name changes it does not compile there.
const READING: &[&str] = &[
    "argmax",
    "argmin",
    "detach",
    "dropout",
    "elu",
    "embedding",
    "erf",
    "expand",
    "flatten",
    "gather_secret",
    "gelu",
    "gelu_tanh",
    "hardtanh",
    "index_select",
    "layer_norm",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "matmul",
    "mean",
    "mean_axes",
    "number",
    "one_hot",
    "permute",
    "prod",
    "reciprocal",
    "relu",
    "relu6",
    "reshape",
    "rsqrt",
    "selu",
    "shape",
    "share",
    "sigmoid",
    "silu",
    "slice",
    "softmax",
    "softplus",
    "square",
    "squeeze",
    "step",
    "sum_axes",
    "topk",
    "transpose",
    "unsqueeze",
    "var",
    "var_axes",
    "abs",
    "exp",
    "log",
    "sin",
    "cos",
    "sqrt",
    "tanh",
];

/// Whether a method of this name only reads.
pub(super) fn reads(method: &Ident) -> bool {
    READING.iter().any(|name| method == name)
}

/// The variable at the bottom of a place such as `a.b[0].c`; none for one that goes through a dereference.
pub(super) fn root(place: &Expr) -> Option<&Ident> {
    match place {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Paren(paren) => root(&paren.expr),
        Expr::Field(field) => root(&field.base),
        Expr::Index(index) => root(&index.expr),
        _ => None,
    }
}

/// `< <= > >= == !=`
pub(super) fn is_comparison(op: &BinOp) -> bool {
    matches!(op, BinOp::Lt(_) | BinOp::Le(_) | BinOp::Gt(_) | BinOp::Ge(_) | BinOp::Eq(_) | BinOp::Ne(_))
}

/// `+=` and its like.
pub(super) fn is_assignment(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::AddAssign(_)
            | BinOp::SubAssign(_)
            | BinOp::MulAssign(_)
            | BinOp::DivAssign(_)
            | BinOp::RemAssign(_)
            | BinOp::BitXorAssign(_)
            | BinOp::BitAndAssign(_)
            | BinOp::BitOrAssign(_)
            | BinOp::ShlAssign(_)
            | BinOp::ShrAssign(_)
    )
}
