//! How a layer shows its parts.

/// `parts!(Linear: weight, bias)` is the [`Module`](crate::Module) whose parts are these fields, under their names. Without
/// fields: a layer that has neither parameters nor state.
macro_rules! parts {
    ($layer:ty) => {
        impl crate::Module for $layer {
            fn visit(&self, _: &mut crate::Visitor<'_>) {}
            fn visit_mut(&mut self, _: &mut crate::VisitorMut<'_>) {}
        }
    };
    ($layer:ty: $($field:ident),+) => {
        impl crate::Module for $layer {
            fn visit(&self, visitor: &mut crate::Visitor<'_>) {
                $(crate::Module::visit(&self.$field, &mut visitor.enter(stringify!($field)));)+
            }

            fn visit_mut(&mut self, visitor: &mut crate::VisitorMut<'_>) {
                $(crate::Module::visit_mut(&mut self.$field, &mut visitor.enter(stringify!($field)));)+
            }
        }
    };
}
