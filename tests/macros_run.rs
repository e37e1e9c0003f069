//! `#[mpc::test]` runs its body at every party, with every option, and fails with what a party has to say; `#[secure_model]`
//! names the parameters of nested models.

use mpc::prelude::*;

parties! { compute Hospital, Lab, Registry; }

/// A model of everything that can be a part.
#[secure_model]
struct Net {
    blocks: Vec<Block>,
    head: Option<Linear>,
    none: Option<Linear>,
    boxed: Box<Pair>,
    scale: Param,
    #[skip]
    classes: usize,
}

#[secure_model]
struct Block {
    linear: Linear,
    #[skip]
    name: &'static str,
}

#[secure_model]
struct Pair(Linear, #[skip] u8, Param);

impl Net {
    fn new(s: &Session) -> Self {
        let block = |name| Block { linear: Linear::zeros(s, 2, 2), name };
        let one = || s.public([2], &[1.0; 2]).share();
        let bare = Linear::new(s.public([1, 2], &[0.5; 2]).share(), None);
        Self {
            blocks: vec![block("first"), block("second")],
            head: Some(bare.clone()),
            none: None,
            boxed: Box::new(Pair(bare, 7, Param::new(one()))),
            scale: Param::new(one()),
            classes: 2,
        }
    }

    fn forward(&self, x: &Tensor<Secret>) -> Tensor<Secret> {
        let x = self.blocks.iter().fold(x.clone(), |x, block| block.linear.forward(&x) + &x);
        let x = x * &*self.scale;
        match &self.head {
            Some(head) => head.forward(&x),
            None => x,
        }
    }
}

#[mpc::test(parties = 3)]
async fn three_parties_compute(s: Session) -> mpc::Result<()> {
    assert_eq!(s.names().len(), 3);
    let hospital = s.input::<Hospital>([2], || vec![1.0, 2.0]).share();
    let lab = s.input::<Lab>([2], || vec![10.0, 20.0]).share();
    let registry = s.input::<Registry>([2], || vec![0.5, -0.5]).share();
    let seen = ((hospital + lab) * registry).reveal().await?;
    assert!((seen[[0]] - 5.5).abs() < 1e-3 && (seen[[1]] + 11.0).abs() < 1e-3, "{seen}");
    Ok(())
}

#[mpc::test(parties = 3)]
async fn every_party_runs_the_body(s: Session) -> mpc::Result<()> {
    // Each adds its own number: with a party missing or doubled, the sum is another.
    let own = s.input::<Hospital>([1], || vec![1.0]).share()
        + s.input::<Lab>([1], || vec![10.0]).share()
        + s.input::<Registry>([1], || vec![100.0]).share();
    assert_eq!(own.reveal().item().await?, 111.0);
    let places = [s.is::<Hospital>(), s.is::<Lab>(), s.is::<Registry>()];
    assert_eq!(places.into_iter().filter(|is| *is).count(), 1);
    Ok(())
}

#[mpc::test]
async fn two_parties_train_a_model_of_parts(s: Session) -> mpc::Result<()> {
    let mut net = Net::new(&s);
    let x = s.input::<Hospital>([1, 2], || vec![1.0, 3.0]).share();
    let y = net.forward(&x);
    assert_eq!(y.reveal().item().await?, 2.0, "0.5 * (1 + 3): the blocks only pass their inputs on");
    // One step of gradient descent reaches the parameters of every part that the loss depends on.
    let gradients = y.sum().backward();
    nn::optim::Sgd::new(0.5).step(&s, &mut net, &gradients);
    let bias = net.blocks[1].linear.bias.as_ref().unwrap().reveal().await?;
    assert!((bias[[0]] + 0.25).abs() < 1e-3, "{bias}");
    let untouched = net.boxed.2.reveal().await?;
    assert_eq!(untouched[[0]], 1.0);
    assert_eq!((net.blocks[1].name, net.boxed.1, net.classes), ("second", 7, 2));
    Ok(())
}

#[mpc::test]
async fn names_of_parameters(s: Session) {
    let mut net = Net::new(&s);
    let names: Vec<String> = net.parameters().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "blocks.0.linear.weight",
        "blocks.0.linear.bias",
        "blocks.1.linear.weight",
        "blocks.1.linear.bias",
        "head.weight",
        "boxed.0.weight",
        "boxed.2",
        "scale",
    ];
    assert_eq!(names, expected);
    let mut visited = Vec::new();
    net.for_each_param(|name, _| visited.push(name.to_owned()));
    assert_eq!(visited, expected, "what may be changed has the same names in the same order");
}

#[mpc::test]
async fn debug_leaves_skipped_fields_and_values_out(s: Session) {
    let block = Block { linear: Linear::zeros(&s, 2, 3), name: "skipped" };
    let linear = "Linear { weight: Param[3, 2], bias: Some(Param[3]) }";
    assert_eq!(format!("{block:?}"), format!("Block {{ linear: {linear}, .. }}"));
}

#[mpc::test(parties = 3, seed = 7, protocol = dealer)]
#[should_panic(expected = "party 0 of 3: no luck (repeat with `seed = 7`)")]
async fn a_failure_names_party_and_seed(_: Session) -> Result<(), &'static str> {
    Err("no luck")
}

#[mpc::test(protocol = plain)]
async fn the_clear_text_protocol_sends_nothing_through_a_dealer(s: Session) -> mpc::Result<()> {
    let x = s.input::<Lab>([1], || vec![3.0]).share();
    assert_eq!((&x * &x).reveal().item().await?, 9.0);
    assert_eq!(s.dealer_sent(), 0);
    Ok(())
}

#[mpc::test(parties = 3)]
#[should_panic(expected = "the data of the lab are lost")]
async fn an_error_of_one_party_is_that_of_the_test(s: Session) -> Result<(), String> {
    let x = s.input::<Lab>([1], || Err::<Vec<f64>, _>("the data of the lab are lost")).share();
    x.reveal().await.map(drop).map_err(|error| error.to_string())
}

#[mpc::test]
#[should_panic(expected = "assertion `left == right` failed: at the lab")]
async fn a_panic_of_one_party_is_that_of_the_test(s: Session) {
    if s.is::<Lab>() {
        assert_eq!(1, 2, "at the lab");
    }
}

#[mpc::test]
#[should_panic(expected = "matmul: the shapes do not fit")]
async fn a_mistake_is_returned_where_it_is_read(s: Session) -> mpc::Result<()> {
    let x = s.public([2, 3], &[1.0; 6]).share();
    x.matmul(&x).reveal().await.map(drop)
}
