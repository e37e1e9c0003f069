//! Requests and corrections on the wire, and what a batch asks for.

use super::*;
use crate::shape::Axis;
use mpc_comm::{Frame, Kind};
use smallvec::smallvec;

fn body(words: Vec<Words>) -> Body {
    Frame { kind: Kind::Request, round: 0, digest: 0, body: words }.into_body()
}

#[test]
fn requests_survive_the_wire_and_garbage_is_refused() {
    let mask = Mask::fresh(3, 0, 12).view(&View::of(&[3, 4].into()).slice(0, 1..3, 1).unwrap());
    let map = Bilinear::MatMul { m: 2, k: 4, n: 1, ta: false, tb: false };
    let kind = NeedKind::Product { map, a: mask.clone(), b: Mask::fresh(4, 0, 4) };
    let needs = vec![Need { op: 5, part: 0, kind }];
    assert_eq!(parse_needs(body(vec![encode_needs(&needs).unwrap()]), 2).unwrap(), needs);

    let mut outside = mask;
    outside.len = 11; // the view reads element 11
    let bad = |kind| vec![Need { op: 5, part: 0, kind }];
    let forest = |lowest, others, roots| ForestShape { lowest, others, roots };
    for needs in [
        bad(NeedKind::Product { map, a: outside, b: Mask::fresh(4, 0, 4) }),
        bad(NeedKind::Product { map, a: Mask::fresh(3, 0, 7), b: Mask::fresh(4, 0, 4) }),
        bad(NeedKind::TruncateByBit { len: usize::MAX }),
        bad(NeedKind::Choice { len: 3, wires: vec![Mask::fresh(4, 0, 4)] }),
        bad(NeedKind::Equal { mask: Mask::owned(4, 0, 4, 2) }),
        vec![Need { op: 5, part: 254, kind: NeedKind::Choice { len: 4, wires: vec![Mask::fresh(4, 0, 4); 2] } }],
        vec![Need { op: 5, part: 200, kind: NeedKind::Compare { mask: Mask::fresh(4, 0, 4), thresholds: 60 } }],
        vec![Need { op: 5, part: 200, kind: NeedKind::SignedChoice { bits: 60, wire: Mask::fresh(4, 0, 4) } }],
        bad(NeedKind::SignedChoice { bits: 65, wire: Mask::fresh(4, 0, 4) }),
        bad(NeedKind::CompareTogether { mask: Mask::fresh(4, 0, 4), forest: forest(65, 3, 1) }),
        bad(NeedKind::CompareTogether { mask: Mask::fresh(4, 0, 4), forest: forest(1, 897, 1) }),
        bad(NeedKind::CompareTogether { mask: Mask::fresh(4, 0, 4), forest: forest(1, 3, 65) }),
    ] {
        assert!(parse_needs(body(vec![encode_needs(&needs).unwrap()]), 2).is_err(), "{needs:?}");
    }
    for garbage in [vec![], vec![u64::MAX], vec![8, u64::MAX], vec![100, 1, 2]] {
        assert!(parse_needs(body(vec![garbage.into()]), 2).is_err());
    }
}

#[test]
fn corrections_survive_the_wire_and_garbage_is_refused() {
    let at = |op, purpose| Address { op, part: 2, purpose };
    let corrections =
        vec![(at(7, Purpose::Product), Words::from(vec![1, 2, 3])), (at(9, Purpose::Waves), Words::from(vec![]))];
    let found = parse_corrections(&mut body(encode_corrections(corrections.clone()))).unwrap();
    let flat = |list: &[(Address, Words)]| list.iter().map(|(at, w)| (*at, w.to_vec())).collect::<Vec<_>>();
    assert_eq!(flat(&found), flat(&corrections));
    for garbage in [vec![], vec![1], vec![u64::MAX], vec![1, 7, 0x201, 4, 1], vec![0, 1], vec![1, 7, 0x200, 0]] {
        assert!(parse_corrections(&mut body(vec![garbage.into()])).is_none());
    }
}

#[test]
fn a_batch_needs_its_own_elements_only() {
    let (all, three) = (View::of(&[10, 6].into()), View::of(&[3, 6].into()));
    let batch = Mask::fresh(1, 0, 60).view(&all.slice(0, 4..7, 1).unwrap());
    assert_eq!(batch.needed(), (24..42, &[][..]));
    assert_eq!(batch.view(&three.slice(0, 2..3, 1).unwrap()).needed(), (36..42, &[][..]));
    let column = three.slice(1, 2..3, 1).unwrap();
    assert_eq!(batch.view(&column).needed(), (24..42, &[column][..]));
    assert_eq!(Mask::fresh(1, 0, 60).needed(), (0..60, &[][..]));
    // An empty view is sound wherever it is.
    let nothing =
        Mask::fresh(1, 0, 15).view(&View { offset: usize::MAX, axes: smallvec![Axis { size: 0, stride: 1 }] });
    let need = Need { op: 5, part: 0, kind: NeedKind::Equal { mask: nothing.clone() } };
    assert!(need.check(2).is_ok() && nothing.needed() == (0..0, &[][..]));
}
