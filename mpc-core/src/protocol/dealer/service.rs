//! The dealer's side: answers requests until the parties are done. It sees addresses and shapes, never a message that
//! depends on data.

use super::compare;
use crate::{
    backend::{Backend, Cpu, Series, tree::plane},
    bilinear::{Bilinear, Linear},
    context::corrected,
    error::{Error, Result},
    fixed::Fixed,
    preprocessing::{Mask, Need, NeedKind, encode_corrections, parse_needs},
    rand::{Address, Purpose, Seed, expand},
    ring::Ring,
};
use mpc_comm::{Frame, Kind, Mesh, PartyId, PeerError, Words};
use std::{marker::PhantomData, ops::Range, sync::Arc};

/// Corrections leave when so many words have gathered.
const CHUNK: usize = 1 << 17;

/// What a dealer did in a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Requests answered.
    pub requests: u64,
    /// Bytes of corrections sent, to all parties together.
    pub bytes: u64,
}

/// Serves one session over a mesh in which this end is the dealer, until every party has said goodbye.
///
/// # Errors
/// [`Error::Setting`] for a wrong `MPC_CPU`; [`Error::Preprocessing`] for a malformed request, after telling the parties; [`Error::Peer`] or [`Error::Aborted`] when
/// a party leaves or gives up.
pub fn serve<R: Ring>(mut mesh: Mesh, fixed: Fixed) -> Result<Served> {
    let cpu = Cpu::from_env()?;
    let seeds = mesh.peers().map(|peer| Seed::new(mesh.link_secret(peer))).collect();
    let mut service = Service::<R> { seeds, fixed, cpu, outbox: Vec::new(), ring: PhantomData };
    let mut served = Served::default();
    let result = loop {
        match mesh.recv_any() {
            Ok((from, frame)) => {
                if let Err(error) = service.answer(&mesh, from, frame, &mut served) {
                    mesh.abort(&error.to_string());
                    break Err(error);
                }
            }
            Err(mpc_comm::Error::Peer { kind: PeerError::Finished, .. }) => break Ok(served),
            Err(error) => break Err(error.into()),
        }
    };
    mesh.finish();
    result
}

struct Service<R> {
    seeds: Vec<Seed>,
    fixed: Fixed,
    cpu: Cpu,
    /// By party: what has gathered.
    outbox: Vec<Vec<(Address, Words)>>,
    ring: PhantomData<R>,
}

impl<R: Ring> Service<R> {
    fn answer(&mut self, mesh: &Mesh, from: PartyId, frame: Frame, served: &mut Served) -> Result<()> {
        if frame.kind != Kind::Request {
            return Err(Error::Preprocessing(format!("{from} sent the dealer a frame of kind {:?}", frame.kind)));
        }
        self.outbox = vec![Vec::new(); self.seeds.len()];
        for need in parse_needs(frame.into_body(), self.seeds.len())? {
            self.deal(&need)?;
            served.requests += 1;
            self.flush(mesh, CHUNK, served)?;
        }
        self.flush(mesh, 0, served)
    }

    /// Sends what has gathered for each party, where it is more than `above` words.
    fn flush(&mut self, mesh: &Mesh, above: usize, served: &mut Served) -> Result<()> {
        for (party, corrections) in self.outbox.iter_mut().enumerate() {
            let words: usize = corrections.iter().map(|(_, words)| words.len()).sum();
            if words <= above && (above > 0 || corrections.is_empty()) {
                continue;
            }
            served.bytes += 8 * words as u64;
            let body = encode_corrections(std::mem::take(corrections));
            mesh.send(PartyId(party as u16), Frame { kind: Kind::Dealt, round: 0, digest: 0, body })?;
        }
        Ok(())
    }

    fn deal(&mut self, need: &Need) -> Result<()> {
        let at = |part: u8, purpose| Address { op: need.op, part, purpose };
        let here = |purpose| at(need.part, purpose);
        match &need.kind {
            NeedKind::Product { map, a, b } => {
                let (a, b) = (self.cpu.upload(self.mask(a)), self.cpu.upload(self.mask(b)));
                self.correct(here(Purpose::Product), self.cpu.download(&self.cpu.bilinear(map, &a, &b)));
            }
            NeedKind::TruncateByBit { len } => {
                let [first, second] = &self.seeds[..] else {
                    return Err(Error::Preprocessing("a two-party truncation among more parties".into()));
                };
                let bits = |seed| self.cpu.upload(expand::<u64>(seed, here(Purpose::Wrap), 0..plane(*len)));
                let bits: [Vec<R>; 2] =
                    [first, second].map(|seed| self.cpu.download(&self.cpu.bits_to_ring::<R>(&bits(seed), *len)));
                let products = bits[0].iter().zip(&bits[1]).map(|(&a, &b)| R::mul(a, b)).collect();
                self.correct(here(Purpose::WrapProduct), products);
            }
            NeedKind::TruncateOpened { len, bits } => {
                let mask: Vec<R> = self.sum(here(Purpose::Shift), 0..*len);
                self.correct(here(Purpose::ShiftHigh), mask.iter().map(|&r| R::shr(r, *bits)).collect());
                self.correct(here(Purpose::ShiftSign), mask.iter().map(|&r| R::shr(r, R::BITS - 1)).collect());
            }
            NeedKind::TruncateMasked { mask, bits } => {
                let mask = self.mask(mask);
                self.correct(here(Purpose::ShiftHigh), mask.iter().map(|&r| R::shr(r, *bits)).collect());
                self.correct(here(Purpose::ShiftSign), mask.iter().map(|&r| R::shr(r, R::BITS - 1)).collect());
            }
            NeedKind::ChoiceTruncated { mask, bits } => {
                let mask = self.mask(mask);
                let beta = self.cpu.upload(self.xor(here(Purpose::Choice), plane(mask.len())));
                let beta = self.cpu.download(&self.cpu.bits_to_ring::<R>(&beta, mask.len()));
                let times = |shift: u32| mask.iter().zip(&beta).map(|(&r, &b)| R::mul(R::shr(r, shift), b)).collect();
                let (high, sign) = (times(*bits), times(R::BITS - 1));
                self.correct(here(Purpose::ChoiceNumber), beta);
                self.correct(here(Purpose::ChoiceProduct), high);
                self.correct(here(Purpose::ChoiceSign), sign);
            }
            NeedKind::Compare { mask, thresholds } => {
                let tables = self.cpu.tables(&self.mask(mask));
                self.correct_bits(here(Purpose::Tables), tables);
                for part in need.part..need.part.saturating_add(*thresholds) {
                    let words = compare::mask_words(R::BITS, mask.out_len());
                    let masks = self.xor(at(part, Purpose::Tree), words);
                    self.correct_bits(
                        at(part, Purpose::Monomials),
                        self.cpu.monomials(R::BITS, &masks, plane(mask.out_len())),
                    );
                }
            }
            NeedKind::Choice { len, wires } => {
                let beta = self.cpu.upload(self.xor(here(Purpose::Choice), plane(*len)));
                let beta = self.cpu.bits_to_ring::<R>(&beta, *len);
                self.correct(here(Purpose::ChoiceNumber), self.cpu.download(&beta));
                for (k, wire) in wires.iter().enumerate() {
                    let mask = self.cpu.upload(self.mask(wire));
                    let product = self.cpu.bilinear(&Bilinear::Mul { len: *len }, &beta, &mask);
                    self.correct(at(need.part + k as u8, Purpose::ChoiceProduct), self.cpu.download(&product));
                }
            }
            NeedKind::Equal { mask } => {
                let tables = self.cpu.equality_tables(&self.mask(mask));
                self.correct_bits(here(Purpose::Tables), tables);
            }
            NeedKind::Conjunction { len, groups } => {
                let width = plane(*len);
                let factors: usize = groups.iter().map(|&factors| usize::from(factors)).sum();
                let masks = self.xor(here(Purpose::Factors), factors * width);
                self.correct_bits(here(Purpose::FactorProducts), self.cpu.factor_products(groups, &masks, width));
            }
            NeedKind::Waves { mask, period_log2, harmonics } => {
                if period_log2 + self.fixed.bits() > 62 {
                    return Err(Error::Preprocessing(format!("request of op {}: a period beyond the ring", need.op)));
                }
                let width = 2 * usize::from(*harmonics);
                let mask = self.mask(mask);
                let mut waves = vec![R::ZERO; width * mask.len()];
                for (waves, r) in waves.chunks_exact_mut(width.max(1)).zip(mask) {
                    Series::waves(*period_log2, self.fixed.bits(), r, waves);
                }
                self.correct(here(Purpose::Waves), waves);
            }
        }
        Ok(())
    }

    /// The value that the parties' random shares at an address add up to.
    fn sum(&self, at: Address, range: Range<usize>) -> Vec<R> {
        let mut sum = vec![R::ZERO; range.len()];
        for seed in &self.seeds {
            sum.iter_mut().zip(expand::<R>(seed, at, range.clone())).for_each(|(s, x)| *s = R::add(*s, x));
        }
        sum
    }

    /// The same for bits.
    fn xor(&self, at: Address, words: usize) -> Vec<u64> {
        let mut sum = vec![0; words];
        for seed in &self.seeds {
            sum.iter_mut().zip(expand::<u64>(seed, at, 0..words)).for_each(|(s, x)| *s ^= x);
        }
        sum
    }

    /// The mask of a wire.
    fn mask(&self, mask: &Mask) -> Vec<R> {
        let (range, views) = mask.needed();
        let base = match mask.owner {
            None => self.sum(mask.address(), range),
            // A request with an owner that is no party was refused.
            Some(owner) => expand(&self.seeds[usize::from(owner)], mask.address(), range),
        };
        let base = self.cpu.upload(base);
        let viewed = views.iter().fold(base, |x, view| self.cpu.linear(&Linear::View(view.clone()), &x));
        self.cpu.download(&viewed)
    }

    /// Makes the parties' random shares at an address, but for one, add up to `value` with the correction for that one.
    fn correct(&mut self, at: Address, mut value: Vec<R>) {
        let receiver = corrected(at.op, self.seeds.len());
        for (_, seed) in self.seeds.iter().enumerate().filter(|(party, _)| *party != receiver) {
            let random = expand::<R>(seed, at, 0..value.len());
            value.iter_mut().zip(random).for_each(|(v, x)| *v = R::sub(*v, x));
        }
        self.outbox[receiver].push((at, R::to_words(&Arc::new(value))));
    }

    /// The same for bits.
    fn correct_bits(&mut self, at: Address, mut value: Vec<u64>) {
        let receiver = corrected(at.op, self.seeds.len());
        for (_, seed) in self.seeds.iter().enumerate().filter(|(party, _)| *party != receiver) {
            let random = expand::<u64>(seed, at, 0..value.len());
            value.iter_mut().zip(random).for_each(|(v, x)| *v ^= x);
        }
        self.outbox[receiver].push((at, value.into()));
    }
}
