//! State dictionaries: files, sharing, revealing, and what is said when they do not fit.

mod helpers;

use helpers::{Alice, Bob, ULP, close};
use mpc_core::{Error, InputError, Result, Session, sim::Sim};
use mpc_nn::{Linear, Module, StateDict};
use ndarray::{ArrayD, IxDyn};

fn array(shape: &[usize], values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
}

fn state() -> StateDict {
    [("weight", array(&[2, 3], &[1.0, -2.0, 0.5, 0.25, 8.0, -0.125])), ("bias", array(&[2], &[0.75, -3.0]))]
        .into_iter()
        .collect()
}

#[test]
fn files_keep_names_shapes_and_values() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["state.safetensors", "state.npz"] {
        let path = folder.path().join(name);
        state().write(&path).unwrap();
        let read = StateDict::read(&path).unwrap();
        assert_eq!(read.len(), 2);
        for (name, values) in state().iter() {
            assert_eq!(read.get(name), Some(values), "{name}");
        }
    }
    let wrong = folder.path().join("state.pt");
    let error = state().write(&wrong).unwrap_err().to_string();
    assert!(error.contains("state.pt") && error.contains(".safetensors"), "{error}");
    let damaged = folder.path().join("damaged.safetensors");
    std::fs::write(&damaged, b"PK-not-this").unwrap();
    assert!(StateDict::read(&damaged).unwrap_err().to_string().contains("damaged.safetensors: not a safetensors file"));
}

#[test]
fn a_state_goes_in_at_one_party_and_out_at_another() {
    let seen: Vec<Result<Option<StateDict>>> = Sim::new(2).run(async |s: Session| {
        let mut model = Linear::zeros(&s, 3, 2);
        model.share_state_from::<Alice>(&s, || {
            assert_eq!(s.name(), s.names()[0], "only the owner's closure runs");
            state()
        });
        assert!(!model.weight.is_frozen());
        let seen = model.reveal_state_to::<Bob>().await?;
        assert_eq!(s.traffic().total.rounds, 1);
        Ok(seen)
    });
    let [None, Some(seen)] = [0, 1].map(|party| seen[party].as_ref().unwrap()) else { panic!("{seen:?}") };
    for ((name, found), (other, expected)) in seen.iter().zip(state().iter()) {
        assert_eq!(name, other);
        close(found.iter().copied(), expected.iter().copied(), ULP);
    }
    assert!(!format!("{seen:?}").contains("0.125"), "no value is printed");
}

/// The errors of both parties, when Alice feeds in such a state.
fn refused(load: impl Fn() -> StateDict + Sync) -> [String; 2] {
    let seen = Sim::new(2).run(async |s: Session| {
        let mut model = Linear::zeros(&s, 3, 2);
        model.share_state_from::<Alice>(&s, &load);
        model.weight.reveal().await
    });
    assert!(matches!(seen[0], Err(Error::Input { .. })), "{seen:?}");
    [0, 1].map(|party| seen[party].as_ref().unwrap_err().to_string())
}

#[test]
fn what_does_not_fit_is_named() {
    let [alice, bob] =
        refused(|| [("bias", array(&[3], &[0.0; 3])), ("weight", array(&[2, 3], &[0.0; 6]))].into_iter().collect());
    for text in [&alice, &bob] {
        assert!(text.contains("`bias`: it has shape [3] where the program announces [2]"), "{text}");
    }
    let [alice, bob] =
        refused(|| [("wait", array(&[2], &[0.0; 2])), ("his", array(&[1], &[0.0]))].into_iter().collect());
    assert!(
        alice.contains("Missing: `weight`, `bias`.") && alice.contains("Not in the model: `wait`, `his`."),
        "{alice}"
    );
    assert!(bob.contains("Missing: `weight`, `bias`.") && !bob.contains("wait"), "{bob}");
    let [alice, _] = refused(|| {
        let mut state = state();
        state.insert("bias", array(&[2], &[0.0, f64::NAN]));
        state
    });
    assert!(alice.contains("`bias`: element 1 is not finite"), "{alice}");
    let seen = Sim::new(2).run(async |s: Session| {
        let mut model = Linear::zeros(&s, 3, 2);
        model.share_state_from::<Alice>(&s, || StateDict::read("/nowhere/a.npz"));
        model.weight.reveal().await
    });
    let Err(Error::Input { problem: InputError::Source(text), .. }) = &seen[0] else { panic!("{seen:?}") };
    assert!(text.contains("/nowhere/a.npz"));
    assert!(!seen[1].as_ref().unwrap_err().to_string().contains("nowhere"), "paths stay at their party");
}
