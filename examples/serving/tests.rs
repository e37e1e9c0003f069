use super::*;
use mpc::serve::{Client, VisitOptions};
use ndarray::Axis;

/// Guests of several rows get what the network says in the clear.
#[test]
fn guests_learn_what_the_network_says_in_the_clear() {
    let mut network = Mlp::new(1);
    let sample = data::sample();
    network.train(&sample.train.first(Some(200)), 4, 20, 0.1);
    let pictures = sample.test.first(Some(3)).x;
    let clear = network.scores(pictures.view());
    let desks = [(); 2].map(|()| Arc::new(desk()));
    let names = ["North".to_owned(), "South".to_owned()];
    let offer = mpc::serve::Offer {
        model: "digits".to_owned(),
        shape: vec![784],
        rows: 1,
        fraction_bits: 16,
        ring: <u64 as mpc::core::ring::Ring>::NAME.to_owned(),
        servers: names.to_vec(),
    };
    let options = Options { bind: Some((Ipv4Addr::LOCALHOST, 0).into()), ..Options::default() };
    let member = |name: &String| Member { name: name.clone(), address: format!("{name}:1"), fingerprint: None };
    let roster = Roster { compute: names.iter().map(member).collect(), clients: Vec::new(), dealer: None };
    let guests = vec![Guest { name: "ann".to_owned(), fingerprint: None }];
    let mut service = Service { roster, gateways: vec!["127.0.0.1:1".into(), "127.0.0.1:2".into()], guests };
    let gateways = [0, 1].map(|at: usize| {
        Gateway::open(&service, PartyId(at as u16), offer.clone(), desks[at].clone(), &options).unwrap()
    });
    service.gateways = gateways.iter().map(|gateway| gateway.address().to_string()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            let ann = Client::connect(&service, "ann", VisitOptions::default());
            let rows = pictures.axis_iter(Axis(0));
            let answers = ann.map(|mut ann| rows.map(|row| ann.predict(row.to_owned())).collect::<Vec<_>>());
            // First of all: the servers go on until then.
            desks[1].close();
            for (scores, clear) in answers.unwrap().into_iter().map(Result::unwrap).zip(clear.rows()) {
                assert!(scores.iter().zip(clear).all(|(a, b)| (a - b).abs() < 0.01), "{scores} is not {clear}");
            }
        });
        let seen = mpc::sim::Sim::new(2).run(async |s: Session| {
            let own = s.is::<North>().then_some(&network);
            work(&s, &desks[s.runtime().me()], own).await
        });
        let sent: Vec<u64> = seen[0].as_ref().unwrap().windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
        let weights: usize = LAYERS.iter().map(|(inputs, outputs)| inputs * outputs).sum();
        assert_eq!(sent[0] - sent[1], 8 * weights as u64, "the weights are opened once");
    });
}
