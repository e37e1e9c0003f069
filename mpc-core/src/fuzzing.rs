//! What the fuzz targets call (`fuzz/`): the readers of all that comes from others. No part of the library.

use crate::{
    backend::tree::ForestShape,
    bilinear::Bilinear,
    preprocessing::{Mask, Need, NeedKind, parse_corrections, parse_needs},
    session::run_dealer,
    settings::Settings,
    shape::{Axis, View},
};
use mpc_comm::{Frame, InMemory, Kind, PartyId, Seeds};
use smallvec::smallvec;

/// The most elements that a target computes on.
const SMALL: usize = 1 << 12;

/// A party sends these bytes to the dealer as a request, after their length; the dealer answers what is small.
pub fn dealer_request(bytes: &[u8]) {
    let mut words = vec![bytes.len() as u64];
    words.extend(bytes.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))));
    let parties = 2 + bytes.len() % 2;
    let frame = Frame::new(Kind::Request, 0, 0, vec![words.into()]);
    let Ok(needs) = parse_needs(frame.clone().into_body(), parties) else { return };
    if needs.len() > 8 || !needs.iter().all(|need| is_small(&need.kind)) {
        return;
    }
    let (mut compute, dealer) =
        InMemory { compute: parties, dealer: true, seeds: Seeds::Fixed(1), ..InMemory::default() }.build();
    let (Some(dealer), Some(first)) = (dealer, compute.first()) else { return };
    if first.send(PartyId::DEALER, frame).is_ok() {
        compute.drain(..).for_each(mpc_comm::Mesh::finish);
        let _ = run_dealer(dealer, &Settings::default());
    }
}

/// The dealer sends these words to a party.
pub fn corrections(bytes: &[u8]) {
    let words: Vec<u64> =
        bytes.chunks(8).map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))).collect();
    let mut body = Frame::new(Kind::Dealt, 0, 0, vec![words.into()]).into_body();
    let _ = parse_corrections(&mut body);
}

fn is_small(kind: &NeedKind) -> bool {
    let mask = |mask: &Mask| mask.len <= SMALL && mask.views.len() <= 8 && mask.views.iter().all(|v| v.len() <= SMALL);
    match kind {
        NeedKind::Product { map, a, b } => mask(a) && mask(b) && map.lens().is_some_and(|(_, _, out)| out <= SMALL),
        NeedKind::TruncateByBit { len } | NeedKind::TruncateOpened { len, .. } => *len <= SMALL,
        NeedKind::TruncateMasked { mask: m, .. }
        | NeedKind::ChoiceTruncated { mask: m, .. }
        | NeedKind::Compare { mask: m, .. }
        | NeedKind::CompareTogether { mask: m, .. }
        | NeedKind::SignedChoice { wire: m, .. }
        | NeedKind::Equal { mask: m }
        | NeedKind::Decays { mask: m, .. } => mask(m),
        NeedKind::Choice { len, wires } => *len <= SMALL && wires.iter().all(mask),
        NeedKind::Conjunction { len, groups } => *len <= SMALL && groups.len() <= 64,
        NeedKind::Waves { mask: m, harmonics, .. } => mask(m) && *harmonics <= 16,
    }
}

/// A sound request of each kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let mask = |op| Mask::fresh(op, 0, 12);
    let view = mask(3).view(&View::of(&[3, 4].into()));
    let kinds = [
        NeedKind::Product { map: Bilinear::MatMul { m: 3, k: 4, n: 3, ta: false, tb: true }, a: view, b: mask(4) },
        NeedKind::Product { map: Bilinear::Mul { len: 12 }, a: mask(3), b: Mask::owned(4, 0, 12, 1) },
        NeedKind::TruncateByBit { len: 12 },
        NeedKind::TruncateOpened { len: 12, bits: 16 },
        NeedKind::TruncateMasked { mask: mask(3), bits: 16 },
        NeedKind::ChoiceTruncated { mask: mask(3), bits: 16 },
        NeedKind::Compare { mask: mask(3), thresholds: 2 },
        NeedKind::CompareTogether { mask: mask(3), forest: ForestShape { lowest: 2, others: 5, roots: 2 } },
        NeedKind::Choice { len: 12, wires: vec![mask(3), mask(4)] },
        NeedKind::SignedChoice { bits: 3, wire: mask(3) },
        NeedKind::Equal { mask: mask(3) },
        NeedKind::Equal { mask: mask(3).view(&View { offset: 91, axes: smallvec![Axis { size: 0, stride: 1 }] }) },
        NeedKind::Conjunction { len: 12, groups: vec![2, 4] },
        NeedKind::Waves { mask: mask(3), period_log2: 20, harmonics: 3 },
        NeedKind::Decays { mask: mask(3), window: 21, from: 16 },
    ];
    let encoded = kinds.into_iter().map(|kind| postcard::to_allocvec(&vec![Need { op: 9, part: 0, kind }]));
    encoded.filter_map(Result::ok).collect()
}
