use mpc::prelude::*;

#[secure_model]
#[derive(Default)]
struct Settings {
    #[skip]
    depth: usize,
}

#[secure_model]
struct Net<M: Clone, const N: usize>
where
    M: 'static,
{
    first: M,
    second: M,
    r#type: nn::Linear,
    settings: Settings,
    #[cfg(any())]
    absent: Absent,
    #[skip]
    opaque: Option<fn(usize) -> [u8; N]>,
}

#[secure_model]
struct Pair(nn::Linear, #[skip] usize, nn::Linear);

#[secure_model]
struct Chain<M: nn::Module>(M, #[skip] Option<Box<Chain<M>>>);

macro_rules! model {
    ($name:ident { $($field:ident: $part:ty),* }) => {
        #[secure_model]
        struct $name { $($field: $part),* }
    };
}

model!(FromMacro { first: nn::Linear, second: Pair });

fn module<M: nn::Module + std::fmt::Debug>() {}

#[test]
fn runs() {
    module::<Settings>();
    module::<Net<Cloned, 3>>();
    module::<Pair>();
    module::<Chain<Pair>>();
    module::<FromMacro>();
    let settings = Settings::default();
    assert_eq!(settings.depth, 0);
    assert_eq!(format!("{settings:?}"), "Settings { .. }");
}

#[secure_model]
#[derive(Clone)]
struct Cloned {
    #[skip]
    depth: usize,
}
