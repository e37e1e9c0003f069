//! Debug shows shapes and mistakes, and no values, also not those of the party's own inputs.

use mpc::prelude::*;

parties! { compute Hospital, Lab; }

#[secure_model]
struct Net {
    linear: nn::Linear,
    #[skip]
    canary: f64,
}

#[test]
fn runs() {
    let answers = mpc::sim::Sim::new(2).run(async |s: Session| {
        let own = s.input::<Hospital>([2, 3], || vec![1234.5; 6]);
        let x = own.share();
        let weight = s.input::<Lab>([1, 3], || vec![1234.5; 3]).share();
        let net = Net { linear: nn::Linear::new(weight, None), canary: 1234.5 };
        let y = net.linear.forward(&x);
        let loss = y.sum();
        let shown = format!("{own:?} {x:?} {y:?} {net:?} {:?} {s:?}", loss.backward());
        // Values that are there are not shown either.
        let sum = loss.reveal();
        let read = sum.clone().await?;
        assert!((read.sum() - 6.0 * 1234.5 * 1234.5).abs() < 1.0, "{read}");
        Ok((shown, format!("{sum:?} {x:?}"), format!("{:?}", x.matmul(&x)), net.canary))
    });
    for (party, answer) in answers.into_iter().enumerate() {
        let (shown, later, mistake, canary) = answer.unwrap();
        assert_eq!(
            shown,
            format!(
                "Tensor[2, 3] Tensor[2, 3] Tensor[2, 1] \
                 Net {{ linear: Linear {{ weight: Param[1, 3], bias: None }}, .. }} Gradients of Tensor[] \
                 Session of party{party}"
            )
        );
        assert_eq!(later, "Tensor[] Tensor[2, 3]");
        assert!(mistake.starts_with("Tensor(matmul: ") && mistake.contains("debug.rs"), "{mistake}");
        assert_eq!(canary, 1234.5);
    }
}
