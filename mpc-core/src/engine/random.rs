//! The engine's side of random values: every party contributes one that only it knows, and their sum (for bits, their
//! exclusive or) is the value. Neither the dealer nor any N - 1 parties know it. A party that does not draw its
//! contribution at random can bias the value only by what it cannot see: the others'.

use super::{Operand, Value, Vis, machine::Machine};
use crate::{
    backend::{Backend, tree::plane},
    bilinear::Linear,
    preprocessing::Need,
    protocol::{Array, Protocol},
    rand::Purpose,
    ring::Ring,
    shape::{Shape, View},
};

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Random {
    /// Bits. Free.
    Bits,
    /// Numbers of so many random bits, the lowest of which is one unit of the last place: 1 round, and for each bit 1/8 B
    /// (dealt 8 B).
    Uniform {
        /// At most 60.
        bits: u32,
    },
    /// Numbers of the standard normal distribution. Free.
    Normal,
}

impl<P: Protocol> Machine<P> {
    pub(super) async fn drawn(&self, out: &Operand, what: Random) -> Value {
        debug_assert!(out.vis == Vis::Secret, "nobody knows a random value");
        match what {
            Random::Bits => self.secret_bits(self.random_bits(out, out.len()).await),
            Random::Uniform { bits } => self.secret(out, self.random_uniform(out, bits as usize).await),
            Random::Normal => self.secret(out, self.random_normal(out).await),
        }
    }

    pub(super) fn needs_drawn(&self, out: &Operand, what: Random) -> Vec<Need> {
        let mut needs = Vec::new();
        if let Random::Uniform { bits } = what {
            self.0.needs_choose(out.at, out.len() * bits as usize, &[], &mut needs);
        }
        needs
    }

    async fn random_bits(&self, out: &Operand, len: usize) -> P::Bits {
        let (protocol, cx) = (&self.0, self.0.context());
        let own = cx.own::<_, u64>(protocol.backend(), out.at.address(Purpose::Own), 0..plane(len));
        let of = |owner: usize| {
            protocol.private_bits(out.at.step(owner as u8), owner, (owner == cx.me()).then_some(&own), len)
        };
        // All contributions are on their way before the first is awaited.
        let mut parts: Vec<_> = (0..cx.parties()).map(of).collect();
        let mut sum = parts.swap_remove(0).await;
        for part in parts {
            sum = protocol.xor(&sum, &part.await);
        }
        sum
    }

    /// Bit planes as numbers, weighted.
    async fn random_uniform(&self, out: &Operand, bits: usize) -> P::Share {
        let (protocol, len) = (&self.0, out.len());
        let planes = self.random_bits(out, len * bits).await;
        let numbers = protocol.choose(out.at, &planes, len * bits, &[]).await.number;
        let all = View::of(&Shape::from([bits, len]));
        let mut sum: Option<P::Share> = None;
        for bit in (0..bits).rev() {
            let Some(view) = all.slice(0, bit..bit + 1, 1) else { continue };
            let plane = protocol.linear(&Linear::View(view), &numbers);
            let twice = sum.map(|sum| protocol.add(&sum, &sum));
            sum = Some(twice.map_or_else(|| plane.clone(), |sum| protocol.add(&sum, &plane)));
        }
        sum.unwrap_or_else(|| protocol.constant(&protocol.backend().fill(len, P::Ring::ZERO)))
    }

    /// A sum of N normal values of variance 1/N.
    async fn random_normal(&self, out: &Operand) -> P::Share {
        let (protocol, cx, len) = (&self.0, self.0.context(), out.len());
        let own = self.own_normal(out, 1.0 / (cx.parties() as f64).sqrt());
        let of =
            |owner: usize| protocol.private(out.at.step(owner as u8), owner, (owner == cx.me()).then_some(&own), len);
        let mut parts: Vec<_> = (0..cx.parties()).map(of).collect();
        let mut sum = parts.swap_remove(0).await;
        for part in parts {
            sum = protocol.add(&sum, &part.await);
        }
        protocol.refresh(out.at, &sum).0
    }

    /// Box and Muller's transform of this party's own random words.
    fn own_normal(&self, out: &Operand, deviation: f64) -> Array<P> {
        let (backend, fixed, len) = (self.0.backend(), self.0.fixed(), out.len());
        let words = self.0.context().own::<_, u64>(backend, out.at.address(Purpose::Own), 0..2 * len.div_ceil(2));
        let unit = |word: u64| ((word >> 11) as f64 + 1.0) * 0.5f64.powi(53); // in (0, 1]
        let mut numbers = Vec::with_capacity(len + 1);
        for pair in backend.download(&words).chunks_exact(2) {
            let radius = deviation * (-2.0 * libm::log(unit(pair[0]))).sqrt();
            let (sin, cos) = libm::sincos(std::f64::consts::TAU * unit(pair[1]));
            numbers.extend([radius * cos, radius * sin].map(|x| fixed.nearest::<P::Ring>(x)));
        }
        numbers.truncate(len);
        backend.upload(numbers)
    }
}
