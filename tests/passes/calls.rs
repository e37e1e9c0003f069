#![deny(warnings, missing_docs, clippy::all)]
#![allow(unreachable_pub, reason = "items of a library, here in a binary")]
//! Calls of fields cause no warnings; what is private stays private.

use mpc::prelude::*;

mod nets {
    use mpc::prelude::*;

    #[derive(Clone)]
    struct Hidden(Tensor<Secret>);

    #[secure_model]
    #[derive(Clone)]
    struct Inner {
        linear: Linear,
    }

    #[secure_model]
    impl Inner {
        fn forward(&self, x: &Hidden) -> Hidden {
            Hidden(self.linear(&x.0))
        }
    }

    /// Public, of a private layer.
    #[secure_model]
    #[derive(Clone)]
    pub struct Net {
        inner: Inner,
        boxed: Box<Inner>,
        linear: Linear,
    }

    #[secure_model]
    impl Net {
        /// The model.
        pub fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
            let y = self.boxed(self.inner(Hidden(x.clone()))).0;
            self.linear.forward(&y)
        }

        /// Made of given weights.
        #[must_use]
        pub fn with(linear: Linear) -> Self {
            let inner = Inner { linear: linear.clone() };
            Self { boxed: Box::new(inner.clone()), inner, linear }
        }
    }
}

/// In another module than the struct.
#[secure_model]
#[derive(Clone)]
struct Outer {
    net: nets::Net,
    #[skip]
    depth: usize,
}

mod elsewhere {
    use super::Outer;
    use mpc::prelude::*;

    #[secure_model]
    impl Outer {
        pub(super) fn logits(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
            let y = (0..self.depth).fold(self.net(x), |x, _| self.net(x));
            let same = self.clone();
            if self.parameters().len() > self.plus(1) { same.net.forward(&y) } else { y }
        }

        fn plus(&self, more: usize) -> usize {
            self.depth + more
        }
    }
}

#[test]
fn runs() {
    let _ = nets::Net::with;
    let _ = Outer::logits;
}
