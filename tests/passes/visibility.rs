//! Every combination of visibilities that is allowed, with the type of its result.

use mpc::prelude::*;

parties! { compute Hospital, Lab; }

type Own = Private<Hospital>;

fn public(a: &Tensor<Public>, b: &Tensor<Public>) -> [Tensor<Public>; 4] {
    [a + b, a - 1.0, 2.0 * a, a.matmul(b)]
}

fn private(a: &Tensor<Own>, b: &Tensor<Own>, c: &Tensor<Public>) -> [Tensor<Own>; 5] {
    [a + b, a * c, c - a, -a, c.matmul(a)]
}

fn secret(s: &Tensor<Secret>, a: &Tensor<Own>, b: &Tensor<Private<Lab>>, c: &Tensor<Public>) -> [Tensor<Secret>; 8] {
    // Two owners meet where one of them has shared, or both.
    [s + a, b * s, c - s, s.matmul(c), a.share() * b, a.share() + b.share(), a.concat(s, 0), c.share() * 0.5]
}

fn opened(s: &Tensor<Secret>) -> (Tensor<Public>, Tensor<Own>) {
    (s.reveal(), s.reveal_to::<Hospital>())
}

async fn read(c: Tensor<Public>, a: Tensor<Own>) -> mpc::Result<(f64, Option<usize>)> {
    Ok((c.item().await?, a.await?.map(|values| values.len())))
}

#[test]
fn runs() {
    let answers = mpc::sim::Sim::new(2).run(async |s: Session| {
        let c = s.public([2, 2], &[1.0; 4]);
        let a = s.input::<Hospital>([2, 2], || vec![2.0; 4]);
        let b = s.input::<Lab>([2, 2], || vec![3.0; 4]);
        let of = public(&c, &c).map(|x| x.share()).into_iter().chain(private(&a, &a, &c).map(|x| x.share()));
        let all = of.chain(secret(&a.share(), &a, &b, &c));
        let (sum, own) = opened(&all.map(|x| x.sum()).reduce(|x, y| x + y).unwrap());
        read(sum, own).await
    });
    // c: 4 * (2 + 0 + 2 + 2), a: 4 * (4 + 2 - 1 - 2 + 4), secrets: 4 * (4 + 6 - 1 + 4 + 6 + 5 + 2 * 2 + 0.5)
    let sum = 24.0 + 28.0 + 114.0;
    for (party, answer) in answers.into_iter().enumerate() {
        let (all, own) = answer.unwrap();
        assert!((all - sum).abs() < 0.01, "{all} and not {sum}");
        assert_eq!(own, (party == 0).then_some(1));
    }
}
