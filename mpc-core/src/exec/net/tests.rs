use super::*;
use crate::{backend::Travelling, rand::Purpose};
use std::{any::Any, cell::RefCell, rc::Rc, thread};

#[test]
fn a_correction_of_another_length_is_an_error_whenever_it_comes() {
    let at = |op| Address { op, part: 0, purpose: Purpose::Product };
    let (mut meshes, dealer) = mpc_comm::InMemory { dealer: true, ..Default::default() }.build();
    let dealer = dealer.unwrap();
    let mut net = Net::new(Wire::Mesh(Box::new(meshes.remove(0))), 0, 2, Scopes::default());
    let send = |corrections| {
        let body = crate::preprocessing::encode_corrections(corrections);
        dealer.send(PartyId(0), Frame::new(Kind::Dealt, 0, 0, body)).unwrap();
    };
    let last = (ScopeId::default(), Location::caller());
    send(vec![(at(2), vec![1, 2].into()), (at(1), vec![3].into())]);
    let slot = net.correction(at(1), ScopeId::default(), 1);
    net.advance(0, last).unwrap();
    assert_eq!(slot.get().unwrap().words(), 1);
    assert!(net.correction(at(2), ScopeId::default(), 3).get().is_none()); // came early, with 2 words
    assert!(matches!(net.advance(0, last), Err(Error::Preprocessing(_))));
    send(vec![(at(3), vec![1, 2].into())]);
    net.correction(at(3), ScopeId::default(), 3); // comes late
    assert!(matches!(net.advance(0, last), Err(Error::Preprocessing(_))));
}

/// Words that must not be waited for.
struct Unwanted;

impl Travelling for Unwanted {
    fn words(&self) -> usize {
        1
    }
    fn arrived(&self) -> Result<Words> {
        Err(Error::Preprocessing("what is not sent was waited for".into()))
    }
    fn source(&self) -> &dyn Any {
        self
    }
}

/// A party that alone is told something keeps its part, and one that hears what another party has, sends none.
#[test]
fn what_stays_is_not_waited_for() {
    let (meshes, _) = mpc_comm::InMemory::default().build();
    thread::scope(|scope| {
        for (me, mesh) in meshes.into_iter().enumerate() {
            scope.spawn(move || {
                let mut net = Net::new(Wire::Mesh(Box::new(mesh)), me, 2, Scopes::default());
                let own = |stays: bool, word| match stays {
                    true => Payload::Later(Rc::new(Unwanted)),
                    false => Payload::Words(vec![word].into()),
                };
                let found = Rc::new(RefCell::new(Vec::new()));
                // To the first party, and from the second one: the first sends neither.
                for (op, route, word) in [(1, Route::To(0), 7), (2, Route::From(1), 8)] {
                    let tag = Tag { at: Address { op, part: 0, purpose: Purpose::Mask }, piece: 0 };
                    let found = found.clone();
                    let deliver = move |parts: Option<Vec<Payload>>| found.borrow_mut().push(parts);
                    net.queue(tag, route, ScopeId::default(), own(me == 0, word), deliver);
                }
                net.advance(0, (ScopeId::default(), Location::caller())).unwrap();
                let word = |part: &Payload| match part {
                    Payload::Words(words) => words[0],
                    _ => 0,
                };
                let told: Vec<Option<Vec<u64>>> = found
                    .take()
                    .iter()
                    .map(|parts| parts.as_ref().map(|parts| parts.iter().map(word).collect()))
                    .collect();
                assert_eq!(told, [if me == 0 { Some(vec![0, 7]) } else { None }, Some(vec![8])]);
            });
        }
    });
}
