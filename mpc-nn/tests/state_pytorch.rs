//! PyTorch's files of state dictionaries.

use mpc_nn::{StateDict, data::npy};
use proptest::prelude::*;
use std::{fs, path::PathBuf};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/onnx_models").join(name)
}

fn same(pytorch: &str, numpy: &str) {
    let state = StateDict::read(file(pytorch)).unwrap();
    let expected = npy::read_npz(file(numpy)).unwrap();
    assert_eq!(state.len(), expected.len());
    for (name, values) in expected {
        let found = state.get(&name).unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(found, &values, "{name}");
    }
}

#[test]
fn tensors_are_those_that_were_saved() {
    same("state.pt", "state_pt.npz");
    same("checkpoint.pth", "checkpoint_pth.npz");
}

#[test]
fn other_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        StateDict::read(&path).unwrap_err().to_string()
    };
    assert!(refused("old.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.").contains("since version 1.6"));
    assert!(refused("empty.zip", b"PK\x05\x06").contains("ends with"));
    // A pickle that would call something: nothing of it is called, and there is no tensor.
    let whole = fs::read(file("state.pt")).unwrap();
    let class = whole.windows(11).position(|part| part == b"OrderedDict").unwrap();
    let mut other = whole.clone();
    other[class..class + 11].copy_from_slice(b"os_system__");
    assert!(refused("call.pt", &other).contains("data.pkl"));
    let written = StateDict::new().write(folder.path().join("new.pt")).unwrap_err().to_string();
    assert!(written.contains("safetensors"), "{written}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn changed_files_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<Option<prop::sample::Index>>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = fs::read(file("checkpoint.pth")).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let path = folder.path().join("changed.pt");
        fs::write(&path, &bytes).unwrap();
        let _ = StateDict::read(&path);
    }
}
