//! A patient asks two hospitals for their opinion. It shows its record to neither, and they show it no model.
//!
//! The hospitals compute: each has a model of the risk, trained on its own patients. The patient is a client. It holds no
//! share of the models and takes part in no round: it gives its record as shares, and gets the result as shares. It learns
//! the mean of the two risks, and whether they are far apart; it does not learn which hospital said what. The
//! hospitals learn nothing, not even the result.
//!
//! `cargo run --example second_opinion` runs all three and the dealer on this machine; with `--party Patient --roster FILE`
//! the process is the patient's own.

#[path = "../common/report.rs"]
mod report;

use mpc::prelude::*;

parties! {
    compute University, Countryside;
    client Patient;
}

/// Age in decades over 50, blood pressure and cholesterol in standard deviations, cigarettes a day by ten.
const RECORD: [f64; 4] = [1.3, 0.8, -0.4, 1.5];
/// By hospital: weights, then the constant.
const MODELS: [([f64; 4], f64); 2] = [([0.7, 0.5, 0.3, 0.6], -1.0), ([0.5, 0.2, 0.6, 0.1], -1.4)];
/// Risks that differ by more are worth a third opinion.
const FAR: f64 = 0.2;

/// The model of one hospital.
#[secure_model]
struct Model {
    linear: nn::Linear,
}

#[secure_model]
impl Model {
    fn risk(&self, record: &Tensor<Secret>) -> Tensor<Secret> {
        self.linear(record).sigmoid()
    }
}

/// 1 where two risks are far apart.
#[secure_model]
fn far_apart(a: &Tensor<Secret>, b: &Tensor<Secret>) -> Tensor<Secret> {
    if (a - b).abs() > FAR { 1.0 } else { 0.0 }
}

fn model<P: Party>(s: &Session, (weights, constant): ([f64; 4], f64)) -> Model {
    let weight = s.input::<P>([1, 4], || weights.to_vec()).share();
    let bias = s.input::<P>([1], || vec![constant]).share();
    Model { linear: nn::Linear::new(weight, Some(bias)) }
}

/// What the patient learns: the mean risk, and whether the two are far apart. The hospitals get nothing.
async fn ask(s: &Session, record: &[f64; 4]) -> mpc::Result<Option<(f64, bool)>> {
    // For the example every process carries both models and the record; each party feeds in its own only.
    let models = (model::<University>(s, MODELS[0]), model::<Countryside>(s, MODELS[1]));
    let record = s.input::<Patient>([1, 4], || record.to_vec()).share();
    let (first, second) = (models.0.risk(&record), models.1.risk(&record));
    let mean = ((&first + &second) * 0.5).reveal_to::<Patient>();
    let apart = far_apart(&first, &second).reveal_to::<Patient>();
    Ok(mean.await?.zip(apart.await?).map(|(mean, apart)| (mean.sum(), apart.sum() > 0.5)))
}

/// The same in the clear.
fn in_the_clear(record: &[f64; 4]) -> (f64, bool) {
    let risk = |(weights, constant): ([f64; 4], f64)| {
        let logit: f64 = weights.iter().zip(record).map(|(weight, x)| weight * x).sum::<f64>() + constant;
        1.0 / (1.0 + (-logit).exp())
    };
    let [first, second] = MODELS.map(risk);
    (0.5 * (first + second), (first - second).abs() > FAR)
}

/// Two hospitals' opinion on a patient who shows them nothing
#[mpc::main]
async fn main(s: Session) -> mpc::Result<()> {
    let told = ask(&s, &RECORD).await?;
    let text = |(mean, apart): (f64, bool)| format!("{mean:.3}, {}", if apart { "far apart" } else { "alike" });
    let rows = match told {
        Some(told) => vec![("mean risk", text(told)), ("  in the clear", text(in_the_clear(&RECORD)))],
        None => vec![("learns", "nothing".to_owned())],
    };
    report::print(&s, &rows);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_patient_learns_what_is_right_in_the_clear_and_the_hospitals_nothing() {
        for record in [RECORD, [0.0; 4], [-3.0, 2.0, 2.0, 0.0]] {
            let seen = mpc::sim::Sim::new(2).clients(1).run(async |s: Session| ask(&s, &record).await);
            let [university, countryside, patient] = &seen[..] else { panic!() };
            assert_eq!((university.as_ref().unwrap(), countryside.as_ref().unwrap()), (&None, &None));
            let ((mean, apart), expected) = (patient.as_ref().unwrap().unwrap(), in_the_clear(&record));
            assert!((mean - expected.0).abs() < 1e-3 && apart == expected.1, "{mean} {apart} is not {expected:?}");
        }
    }
}
