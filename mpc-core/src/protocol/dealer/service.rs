//! The dealer's side: answers requests until the parties are done. It sees addresses and shapes, never a message that
//! depends on data.

use super::compare;
use crate::{
    backend::{
        Add, Backend, Cpu, CpuArray, Series,
        tree::{self, plane},
    },
    bilinear::{Bilinear, Linear},
    context::corrected,
    error::{Error, Result},
    fixed::Fixed,
    preprocessing::{Mask, Need, NeedKind, encode_corrections, parse_needs},
    rand::{Address, Prg, Purpose, Seed},
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

/// Hears what a dealer has done in a session so far, and ends the session with an error.
pub type Watch<'a> = &'a mut dyn FnMut(&Served) -> Result<()>;

/// Serves one session over a mesh in which this end is the dealer, until every party has said goodbye.
///
/// # Errors
/// [`Error::Setting`] for a wrong `MPC_CPU`; [`Error::Preprocessing`] for a malformed request, after telling the parties;
/// [`Error::Peer`] or [`Error::Aborted`] when a party leaves or gives up; what `watch` gives, after telling the parties. It is
/// called after every request, and may count and limit them.
pub fn serve<R: Ring>(mut mesh: Mesh, fixed: Fixed, prg: Prg, watch: Watch<'_>) -> Result<Served> {
    let cpu = Cpu::from_env()?;
    let seeds = mesh.peers().map(|peer| Seed::new(prg, mesh.link_secret(peer))).collect();
    let mut service = Service::<R> { seeds, fixed, cpu, outbox: Vec::new(), ring: PhantomData };
    let mut served = Served::default();
    let result = loop {
        match mesh.recv_any() {
            Ok((from, frame)) => {
                if let Err(error) = service.answer(&mesh, from, frame, &mut served, watch) {
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
    seeds: Arc<[Seed]>,
    fixed: Fixed,
    cpu: Cpu,
    /// By party: what has gathered.
    outbox: Vec<Vec<(Address, Words)>>,
    ring: PhantomData<R>,
}

impl<R: Ring> Service<R> {
    fn answer(
        &mut self,
        mesh: &Mesh,
        from: PartyId,
        frame: Frame,
        served: &mut Served,
        watch: Watch<'_>,
    ) -> Result<()> {
        if frame.kind != Kind::Request {
            return Err(Error::Preprocessing(format!("{from} sent the dealer a frame of kind {:?}", frame.kind)));
        }
        self.outbox = vec![Vec::new(); self.seeds.len()];
        for need in parse_needs(frame.into_body(), self.seeds.len())? {
            self.deal(&need)?;
            served.requests += 1;
            self.flush(mesh, CHUNK, served)?;
            watch(served)?;
        }
        self.flush(mesh, 0, served)?;
        watch(served)
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
                let product = self.cpu.bilinear(map, &self.mask(a), &self.mask(b));
                self.correct(here(Purpose::Product), &product);
            }
            NeedKind::TruncateByBit { len } => {
                let [first, second] = &self.seeds[..] else {
                    return Err(Error::Preprocessing("a two-party truncation among more parties".into()));
                };
                let bits = |seed| self.cpu.random::<u64>(seed, here(Purpose::Wrap), 0..plane(*len));
                let both = self.cpu.and(&bits(first), &bits(second));
                self.correct(here(Purpose::WrapProduct), &self.cpu.bits_to_ring(&both, *len));
            }
            NeedKind::TruncateOpened { len, bits } => {
                let mask = self.sum(here(Purpose::Shift), 0..*len);
                self.correct(here(Purpose::ShiftHigh), &self.cpu.shifted(&mask, *bits));
                self.correct(here(Purpose::ShiftSign), &self.cpu.shifted(&mask, R::BITS - 1));
            }
            NeedKind::TruncateMasked { mask, bits } => {
                let mask = self.mask(mask);
                self.correct(here(Purpose::ShiftHigh), &self.cpu.shifted(&mask, *bits));
                self.correct(here(Purpose::ShiftSign), &self.cpu.shifted(&mask, R::BITS - 1));
            }
            NeedKind::ChoiceTruncated { mask, bits } => {
                let (len, mask) = (mask.out_len(), self.mask(mask));
                let beta = self.xor(here(Purpose::Choice), plane(len));
                let beta = self.cpu.bits_to_ring(&beta, len);
                let times = Bilinear::Mul { len };
                let high = self.cpu.bilinear(&times, &self.cpu.shifted(&mask, *bits), &beta);
                let sign = self.cpu.bilinear(&times, &self.cpu.shifted(&mask, R::BITS - 1), &beta);
                self.correct(here(Purpose::ChoiceNumber), &beta);
                self.correct(here(Purpose::ChoiceProduct), &high);
                self.correct(here(Purpose::ChoiceSign), &sign);
            }
            NeedKind::Compare { mask, thresholds } => {
                let others = self.others(here(Purpose::Tables), tree::table_words(R::BITS) * mask.out_len(), Add::Xor);
                self.put(here(Purpose::Tables), &self.cpu.tables(&self.mask(mask), &others));
                for part in need.part..need.part.saturating_add(*thresholds) {
                    let words = compare::mask_words(R::BITS, mask.out_len());
                    let masks = self.xor(at(part, Purpose::Tree), words);
                    let monomials = self.cpu.monomials(R::BITS, &masks, plane(mask.out_len()));
                    self.correct_bits(at(part, Purpose::Monomials), &monomials.into());
                }
            }
            NeedKind::Choice { len, wires } => {
                let beta = self.xor(here(Purpose::Choice), plane(*len));
                let beta: CpuArray<R> = self.cpu.bits_to_ring(&beta, *len);
                for (k, wire) in wires.iter().enumerate() {
                    let product = self.cpu.bilinear(&Bilinear::Mul { len: *len }, &beta, &self.mask(wire));
                    self.correct(at(need.part + k as u8, Purpose::ChoiceProduct), &product);
                }
                self.correct(here(Purpose::ChoiceNumber), &beta);
            }
            NeedKind::Equal { mask } => {
                let others = self.others(here(Purpose::Tables), tree::table_words(R::BITS) * mask.out_len(), Add::Xor);
                self.put(here(Purpose::Tables), &self.cpu.equality_tables(&self.mask(mask), &others));
            }
            NeedKind::Conjunction { len, groups } => {
                let width = plane(*len);
                let factors: usize = groups.iter().map(|&factors| usize::from(factors)).sum();
                let masks = self.xor(here(Purpose::Factors), factors * width);
                let products = self.cpu.factor_products(groups, &masks, width);
                self.correct_bits(here(Purpose::FactorProducts), &products.into());
            }
            NeedKind::Waves { mask, period_log2, harmonics } => {
                if period_log2 + self.fixed.bits() > 62 {
                    return Err(Error::Preprocessing(format!("request of op {}: a period beyond the ring", need.op)));
                }
                let width = 2 * usize::from(*harmonics);
                let mask = self.mask(mask);
                let mut waves = vec![R::ZERO; width * mask.len()];
                for (waves, r) in waves.chunks_exact_mut(width.max(1)).zip(mask.iter()) {
                    Series::waves(*period_log2, self.fixed.bits(), *r, waves);
                }
                self.correct(here(Purpose::Waves), &waves.into());
            }
        }
        Ok(())
    }

    /// The value that the parties' random shares at an address add up to.
    fn sum(&self, at: Address, range: Range<usize>) -> CpuArray<R> {
        CpuArray::total(self.cpu.level(), self.seeds.clone(), at, range, Add::Sum)
    }

    /// The same for bits.
    fn xor(&self, at: Address, words: usize) -> CpuArray<u64> {
        CpuArray::total(self.cpu.level(), self.seeds.clone(), at, 0..words, Add::Xor)
    }

    /// What the random shares at an address of all parties but the one that is corrected add up to.
    fn others<S: Ring>(&self, at: Address, len: usize, how: Add) -> CpuArray<S> {
        let receiver = corrected(at.op, self.seeds.len());
        let seeds = self.seeds.iter().enumerate().filter(|(party, _)| *party != receiver);
        CpuArray::total(self.cpu.level(), seeds.map(|(_, seed)| seed.clone()).collect(), at, 0..len, how)
    }

    /// The mask of a wire.
    fn mask(&self, mask: &Mask) -> CpuArray<R> {
        let (range, views) = mask.needed();
        let base = match mask.owner {
            None => self.sum(mask.address(), range),
            // A request with an owner that is no party was refused.
            Some(owner) => self.cpu.random(&self.seeds[usize::from(owner)], mask.address(), range),
        };
        views.iter().fold(base, |x, view| self.cpu.linear(&Linear::View(view.clone()), &x))
    }

    /// Makes the parties' random shares at an address, but for one, add up to `value` with the correction for that one.
    fn correct(&mut self, at: Address, value: &CpuArray<R>) {
        let others = self.others(at, self.cpu.len(value), Add::Sum);
        self.put(at, &self.cpu.sub(value, &others));
    }

    /// The same for bits.
    fn correct_bits(&mut self, at: Address, value: &CpuArray<u64>) {
        let others = self.others(at, self.cpu.len(value), Add::Xor);
        self.put(at, &self.cpu.xor(value, &others));
    }

    /// Puts a correction aside for the party that gets it.
    fn put<S: Ring>(&mut self, at: Address, correction: &CpuArray<S>) {
        self.outbox[corrected(at.op, self.seeds.len())].push((at, correction.to_wire()));
    }
}
