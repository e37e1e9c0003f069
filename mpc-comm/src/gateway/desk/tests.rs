use std::sync::mpsc::{Receiver, channel};

use super::*;

const SHORT: Duration = Duration::from_millis(1);

fn desk(change: impl FnOnce(&mut Limits)) -> Desk {
    let mut limits = Limits { rows: 4, per_guest: 3, ..Limits::of([2]) };
    change(&mut limits);
    Desk::new(limits)
}

fn ask(rows: usize, words: usize, receiver: Option<&str>) -> Ask {
    let id = RequestId::fresh().unwrap();
    Ask { id, receiver: receiver.map(str::to_owned), shape: vec![rows, 2], part: Part::Words(vec![1; words].into()) }
}

fn hand_in(desk: &Desk, guest: &str, ask: Ask) -> Result<Receiver<Reply>, Refused> {
    let (tell, told) = channel();
    desk.hand_in(guest, 1, ask, move |reply| drop(tell.send(reply))).map(|()| told)
}

fn fetch(desk: &Desk, guest: &str, id: RequestId) -> Result<Receiver<Reply>, Refused> {
    let (tell, told) = channel();
    desk.fetch(guest, 2, id, move |reply| drop(tell.send(reply))).map(|()| told)
}

/// All that happens to a request which all servers hold.
fn run(desk: &Desk, id: RequestId) {
    assert_eq!(desk.propose(4, 4, Duration::ZERO, SHORT), [id]);
    assert!(desk.confirm(&[id])[0].is_some());
    let taken = desk.take(id).unwrap();
    assert!(desk.take(id).is_none(), "once");
    desk.answer(id, vec![taken.rows], vec![7; taken.rows].into());
}

#[test]
fn a_request_runs_and_is_answered_and_nothing_is_left() {
    let desk = desk(|_| ());
    let request = ask(2, 4, None);
    let id = request.id;
    let told = hand_in(&desk, "ann", request).unwrap();
    assert_eq!((desk.requests(), desk.bytes()), (1, 32));
    run(&desk, id);
    assert_eq!(told.try_recv(), Ok(Reply::Result { shape: vec![2], words: vec![7, 7].into() }));
    assert_eq!((desk.requests(), desk.bytes()), (0, 0));
    let book = desk.book();
    assert!(book.by_guest.is_empty() && book.queue.is_empty());
}

#[test]
fn lies_about_shapes_are_refused() {
    let desk = desk(|_| ());
    let refused = |shape: &[usize], words| {
        let part = Part::Words(vec![0; words].into());
        let ask = Ask { id: RequestId::fresh().unwrap(), receiver: None, shape: shape.to_vec(), part };
        hand_in(&desk, "ann", ask).unwrap_err()
    };
    for shape in [&[][..], &[2], &[0, 2], &[5, 2], &[1, 3], &[1, 2, 1], &[usize::MAX, 2]] {
        assert!(matches!(refused(shape, 2), Refused::Shape { rows: 4, .. }), "{shape:?}");
    }
    assert_eq!(refused(&[1, 2], 3), Refused::Length { found: 3, expected: 2 });
    assert_eq!(desk.requests(), 0);
}

#[test]
fn limits_hold_for_each_and_for_all() {
    let desk = desk(|limits| (limits.requests, limits.bytes) = (5, 100));
    let again = ask(1, 2, None);
    let waiting = hand_in(&desk, "ann", again.clone()).unwrap();
    assert_eq!(hand_in(&desk, "bob", again).unwrap_err(), Refused::Duplicate);
    let _more = [1, 2].map(|_| hand_in(&desk, "ann", ask(1, 2, None)).unwrap());
    assert_eq!(hand_in(&desk, "ann", ask(1, 2, None)).unwrap_err(), Refused::TooMany { limit: 3 });
    assert_eq!(hand_in(&desk, "bob", ask(4, 8, None)).unwrap_err(), Refused::Busy, "48 + 64 bytes");
    let _bobs = [1, 2].map(|_| hand_in(&desk, "bob", ask(1, 2, None)).unwrap());
    assert_eq!(hand_in(&desk, "cyd", ask(1, 2, None)).unwrap_err(), Refused::Busy);
    desk.close();
    assert_eq!(waiting.try_recv(), Ok(Reply::Refused(Refused::Stopped)));
    assert_eq!(hand_in(&desk, "cyd", ask(1, 2, None)).unwrap_err(), Refused::Stopped);
    assert_eq!((desk.requests(), desk.bytes(), desk.propose(4, 4, SHORT, SHORT)), (0, 0, Vec::new()));
}

#[test]
fn batches_fill_in_the_order_of_arrival() {
    let desk = desk(|_| ());
    let requests: Vec<Ask> = [2, 1, 2, 1].map(|rows| ask(rows, 2 * rows, None)).into();
    let ids: Vec<RequestId> = requests.iter().map(|ask| ask.id).collect();
    let _told: Vec<_> =
        requests.into_iter().enumerate().map(|(at, ask)| hand_in(&desk, &at.to_string(), ask).unwrap()).collect();
    let long = Duration::from_secs(100);
    // Full, although nobody has waited long: the third does not fit, and the fourth does not overtake it.
    assert_eq!(desk.propose(4, 4, long, long), ids[..2]);
    assert_eq!(desk.propose(4, 1, long, long), ids[..1], "one request at a time");
    assert_eq!(desk.propose(9, 9, long, SHORT), [], "not full, and nobody has waited long");
    assert_eq!(desk.propose(9, 9, Duration::ZERO, long), ids);
}

#[test]
fn what_others_lack_comes_again_later_and_expires() {
    let desk = desk(|limits| limits.timeout = Duration::from_millis(30));
    let request = ask(1, 2, None);
    let id = request.id;
    let told = hand_in(&desk, "ann", request).unwrap();
    assert!(desk.confirm(&[id])[0].is_some() && desk.confirm(&[id])[0].is_none());
    desk.put_back(id);
    assert_eq!(desk.propose(4, 4, Duration::ZERO, SHORT), [], "not at once");
    assert_eq!(desk.propose(4, 4, Duration::ZERO, Duration::from_secs(5)), [id]);
    std::thread::sleep(Duration::from_millis(40));
    assert_eq!(desk.confirm(&[id]), [None]);
    assert_eq!(told.try_recv(), Ok(Reply::Refused(Refused::Expired { seconds: 0 })));
    assert_eq!(desk.requests(), 0);
}

#[test]
fn an_answer_is_kept_for_its_receiver_and_nobody_else() {
    let desk = desk(|limits| limits.keep = Duration::from_millis(30));
    for early in [true, false] {
        let request = ask(1, 2, Some("doctor"));
        let id = request.id;
        let sender = hand_in(&desk, "ann", request).unwrap();
        let waits = early.then(|| fetch(&desk, "doctor", id).unwrap());
        assert!(!early || fetch(&desk, "doctor", id).unwrap_err() == Refused::Awaited);
        run(&desk, id);
        assert_eq!(fetch(&desk, "ann", id).unwrap_err(), Refused::NotHere);
        let told = waits.unwrap_or_else(|| fetch(&desk, "doctor", id).unwrap());
        assert!(matches!(told.try_recv(), Ok(Reply::Result { .. })));
        assert!(sender.try_recv().is_err(), "the sender gets nothing");
        assert_eq!(fetch(&desk, "doctor", id).unwrap_err(), Refused::NotHere, "once");
    }
    let request = ask(1, 2, Some("doctor"));
    let id = request.id;
    let _sender = hand_in(&desk, "ann", request);
    run(&desk, id);
    assert_eq!(desk.bytes(), 8);
    std::thread::sleep(Duration::from_millis(40));
    assert_eq!(fetch(&desk, "doctor", id).unwrap_err(), Refused::NotHere, "not for ever");
    assert_eq!((desk.requests(), desk.bytes()), (0, 0));
}

#[test]
fn who_has_gone_is_forgotten() {
    let desk = desk(|_| ());
    let [waits, runs, returned] = [1, 2, 3].map(|_| ask(1, 2, None));
    let ids = [waits.id, runs.id, returned.id];
    let _told = [waits, runs, returned].map(|ask| hand_in(&desk, "ann", ask).unwrap());
    desk.confirm(&ids[1..]);
    desk.gone(2);
    assert_eq!(desk.requests(), 3, "another visit");
    desk.gone(1);
    assert_eq!(desk.requests(), 2, "what runs goes on: the others have it");
    desk.put_back(ids[2]);
    assert!(desk.take(ids[1]).is_some());
    desk.answer(ids[1], vec![1], vec![7].into());
    assert_eq!((desk.requests(), desk.bytes()), (0, 0));
    // A receiver that goes away may come again.
    let request = ask(1, 2, Some("doctor"));
    let id = request.id;
    let _sender = hand_in(&desk, "ann", request);
    drop(fetch(&desk, "doctor", id).unwrap());
    desk.gone(2);
    run(&desk, id);
    assert!(fetch(&desk, "doctor", id).is_ok());
}
