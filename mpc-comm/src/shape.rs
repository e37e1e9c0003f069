//! A link that is as slow as a network: for measuring, on one machine, what a program would cost elsewhere.
//!
//! A frame is handed to the real link only when its last byte would have arrived over a line of this latency and
//! bandwidth: after the frames before it on the same link and direction, each at the line's speed, and then half a
//! round-trip time. So frames follow each other without a pause, as on a real line, and only the first of them pays
//! for the latency. Frames wait in a thread of their own, because the timers of tokio are no finer than a millisecond.
//!
//! Every link has the bandwidth for itself, in each direction; two links of a party do not slow each other down. What
//! waits is not counted as sent yet, so [`Traffic::wire_sent`](crate::Traffic::wire_sent) may lag by a frame.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::head::HEAD_BYTES;
use crate::postbox::{Backlog, Emptied};
use crate::wire::Outbox;
use crate::{Count, Frame, PartyId};

/// The speed of a line, the same in both directions.
#[derive(Debug, Copy, Clone, PartialEq, Eq)]
pub struct LinkSpeed {
    /// From a party to the other and back.
    pub round_trip: Duration,
    /// Of each direction.
    pub bits_per_second: u64,
}

impl LinkSpeed {
    /// A good local network: 3 Gbit/s, 0.8 ms.
    pub const LAN: Self = Self { round_trip: Duration::from_micros(800), bits_per_second: 3_000_000_000 };
    /// Between cities: 100 Mbit/s, 80 ms.
    pub const WAN: Self = Self { round_trip: Duration::from_millis(80), bits_per_second: 100_000_000 };

    /// The least time that a party needs for so much among `parties` and a dealer, with such a line between any two: all rounds, and
    /// the bytes of the busiest line. What is computed comes on top.
    pub fn least(&self, count: &Count, parties: usize) -> Duration {
        let rounds = self.round_trip.saturating_mul(u32::try_from(count.rounds).unwrap_or(u32::MAX));
        let each = count.sent.max(count.received) / parties.saturating_sub(1).max(1) as u64;
        rounds.saturating_add(self.busy(each.max(count.dealt)))
    }

    /// How long the line is busy with so many bytes.
    fn busy(&self, bytes: u64) -> Duration {
        Duration::from_nanos((u128::from(bytes) * 8_000_000_000 / u128::from(self.bits_per_second.max(1))) as u64)
    }
}

/// When the line of one direction is free again.
#[derive(Debug)]
struct Line {
    speed: LinkSpeed,
    free: Instant,
}

impl Line {
    /// When the last byte of a frame that is posted at `now` arrives.
    fn arrival(&mut self, now: Instant, bytes: u64) -> Instant {
        self.free = self.free.max(now) + self.speed.busy(bytes);
        self.free + self.speed.round_trip / 2
    }
}

/// A link behind a line.
#[derive(Debug)]
struct Shaped {
    inner: Arc<dyn Outbox>,
    backlog: Arc<Backlog>,
    line: Mutex<(Line, Sender<(Instant, Frame)>)>,
}

impl Outbox for Shaped {
    fn post(&self, frame: Frame) {
        let (line, queue) = &mut *self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let due = line.arrival(Instant::now(), HEAD_BYTES as u64 + frame.bytes());
        self.backlog.add(&frame);
        // The other end goes only with this one.
        let _ = queue.send((due, frame));
    }

    fn lingers(&self) -> bool {
        self.inner.lingers()
    }

    fn busy(&self) -> bool {
        self.inner.busy()
    }

    fn hang_up(&self) {
        self.inner.hang_up();
    }

    fn returns(&self) -> bool {
        self.inner.returns()
    }

    fn owes(&self) -> Option<Duration> {
        self.inner.owes()
    }

    fn backlog(&self) -> Arc<Backlog> {
        Arc::clone(&self.backlog)
    }
}

/// The link as it is, or behind a line of some speed.
pub(crate) fn shaped(inner: Box<dyn Outbox>, peer: PartyId, speed: Option<LinkSpeed>) -> Box<dyn Outbox> {
    let Some(speed) = speed else { return inner };
    let inner = Arc::<dyn Outbox>::from(inner);
    let (queue, queued) = channel();
    let (out, backlog) = (Arc::clone(&inner), Arc::<Backlog>::default());
    let emptied = Emptied(Arc::clone(&backlog));
    let waiting =
        thread::Builder::new().name("mpc-comm-line".to_owned()).spawn(move || carry(&queued, &*out, &emptied.0));
    if let Err(error) = waiting {
        // The queue is closed then: frames vanish, and the peer reports a silent link.
        tracing::error!(%peer, %error, "cannot start the thread of a slow line");
    }
    let line = Line { speed, free: Instant::now() };
    Box::new(Shaped { inner, backlog, line: Mutex::new((line, queue)) })
}

/// Hands each frame on when it is due, until nobody posts any more.
fn carry(queued: &Receiver<(Instant, Frame)>, out: &dyn Outbox, backlog: &Backlog) {
    while let Ok((due, frame)) = queued.recv() {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        backlog.remove(&frame);
        out.post(frame);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: LinkSpeed = LinkSpeed { round_trip: Duration::from_millis(80), bits_per_second: 8_000 };

    #[test]
    fn frames_share_the_bandwidth_and_overlap_in_latency() {
        let now = Instant::now();
        let mut line = Line { speed: SLOW, free: now };
        let ms = Duration::from_millis;
        assert_eq!(line.arrival(now, 100), now + ms(100 + 40));
        assert_eq!(line.arrival(now, 50), now + ms(150 + 40)); // behind the first
        assert_eq!(line.arrival(now + ms(500), 10), now + ms(510 + 40)); // the line was free again
    }

    #[test]
    fn large_frames_do_not_overflow() {
        assert_eq!(LinkSpeed::WAN.busy(4 << 30), Duration::from_nanos(343_597_383_680));
    }

    #[test]
    fn a_line_takes_its_rounds_and_the_bytes_of_the_busiest() {
        let count = Count { rounds: 3, sent: 400, received: 300, dealt: 100 };
        let ms = Duration::from_millis;
        assert_eq!(SLOW.least(&count, 2), ms(3 * 80 + 400));
        assert_eq!(SLOW.least(&count, 5), ms(3 * 80 + 100));
        assert_eq!(SLOW.least(&Count { dealt: 1000, ..count }, 2), ms(3 * 80 + 1000));
        assert_eq!(SLOW.least(&Count::default(), 1), ms(0));
    }

    #[derive(Debug, Default)]
    struct Log(Mutex<Vec<(Instant, u64)>>);

    impl Outbox for Arc<Log> {
        fn post(&self, frame: Frame) {
            self.0.lock().unwrap().push((Instant::now(), frame.digest));
        }
        fn lingers(&self) -> bool {
            true
        }
        fn hang_up(&self) {}
    }

    #[test]
    fn frames_arrive_in_order_and_not_before_they_are_due() {
        let log = Arc::new(Log::default());
        let speed = LinkSpeed { round_trip: Duration::from_millis(60), bits_per_second: 1_000_000_000 };
        let link = shaped(Box::new(Arc::clone(&log)), PartyId(1), Some(speed));
        let start = Instant::now();
        (0..3).for_each(|digest| link.post(Frame::new(crate::Kind::Round, 0, digest, Vec::new())));
        assert!(log.0.lock().unwrap().is_empty());
        while log.0.lock().unwrap().len() < 3 {
            thread::sleep(Duration::from_millis(1));
        }
        let log = log.0.lock().unwrap();
        assert!(log.iter().all(|(at, _)| *at >= start + Duration::from_millis(30)));
        assert_eq!(log.iter().map(|(_, digest)| *digest).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn without_a_speed_nothing_waits() {
        let log = Arc::new(Log::default());
        let link = shaped(Box::new(Arc::clone(&log)), PartyId(1), None);
        link.post(Frame::new(crate::Kind::Round, 0, 7, Vec::new()));
        assert_eq!(log.0.lock().unwrap().len(), 1);
    }
}
