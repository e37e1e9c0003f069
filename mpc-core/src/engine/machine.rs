//! The engine of any protocol.

use super::{Comparison, Encoded, Engine, Forward, Kind, Logic, Operand, Random, Value, Vis, stored::Stored};
use crate::{
    backend::Backend,
    bilinear::{Bilinear, Linear},
    circuits::{Guarded, Wide, guarded, needs_guarded},
    error::{InputError, Result},
    exec::Route,
    fixed::{Factors, Fixed},
    preprocessing::Need,
    protocol::{Array, Protocol, Wire},
    ring::Ring,
    shape::View,
};
use std::rc::Rc;

/// The engine of protocol `P`.
pub struct Machine<P>(pub P);

impl<P: Protocol> Engine for Machine<P> {
    fn check(&self) -> Result<()> {
        self.0.backend().check()
    }
    fn fixed(&self) -> Fixed {
        self.0.fixed()
    }
    fn additive(&self) -> bool {
        P::ADDITIVE
    }

    fn factors(&self, c: &[f64]) -> Option<Factors> {
        Factors::new::<P::Ring>(c, self.0.fixed())
    }

    fn unknown(&self, out: &Operand) -> Value {
        self.value(match out.kind {
            Kind::Number => Stored::Private(None),
            Kind::Bit => Stored::ClearBits(None),
        })
    }
    fn supply(&self, x: &Operand) {
        self.widen(x);
    }

    fn exceeds(&self, x: &Operand) -> bool {
        match self.stored(x) {
            Stored::Secret(wire) => self.0.exceeds(&wire.share),
            Stored::Public(x) | Stored::Private(Some(x)) => self.0.exceeds(&self.0.constant(&x)),
            Stored::Private(None) | Stored::ClearBits(_) | Stored::SecretBits(_) => false,
        }
    }

    fn encode(&self, values: &[f64]) -> Result<Encoded, InputError> {
        let ring = self.0.fixed().encode_all::<P::Ring>(values.iter().copied())?;
        Ok(Encoded(Rc::new(self.0.backend().upload(ring))))
    }

    fn load(&self, out: &Operand, encoded: Option<&Encoded>) -> Value {
        let array =
            encoded.map(|encoded| encoded.0.downcast_ref::<Array<P>>().expect("numbers of this engine").clone());
        self.known(out, array)
    }

    fn decode(&self, x: &Operand) -> Option<Vec<f64>> {
        if x.kind == Kind::Bit {
            return self.decode_bits(x);
        }
        let (backend, fixed) = (self.0.backend(), self.0.fixed());
        self.clear(x, x.vis).map(|x| backend.download(&x).into_iter().map(|x| fixed.decode(x)).collect())
    }

    fn add<'a>(&'a self, out: &'a Operand, a: &'a Operand, b: &'a Operand) -> Forward<'a> {
        self.zip(out, a, b, |backend, a, b| backend.add(a, b), |protocol, a, b| protocol.add(a, b))
    }

    fn sub<'a>(&'a self, out: &'a Operand, a: &'a Operand, b: &'a Operand) -> Forward<'a> {
        self.zip(out, a, b, |backend, a, b| backend.sub(a, b), |protocol, a, b| protocol.sub(a, b))
    }

    fn linear<'a>(&'a self, out: &'a Operand, map: &'a Linear, x: &'a Operand) -> Forward<'a> {
        Box::pin(async move {
            if out.vis == Vis::Secret {
                let x = self.wire(x).await;
                return self.secret(out, self.0.linear(map, &x.share));
            }
            self.known(out, self.clear(x, out.vis).map(|x| self.0.backend().linear(map, &x)))
        })
    }

    fn view<'a>(&'a self, out: &'a Operand, view: &'a View, x: &'a Operand) -> Forward<'a> {
        Box::pin(async move {
            if out.kind == Kind::Bit {
                return self.view_bits(out, view, x).await;
            }
            let map = Linear::View(view.clone());
            if out.vis == Vis::Secret {
                let x = self.wire(x).await;
                let share = self.0.linear(&map, &x.share);
                return self.value(Stored::Secret(Wire::view(&x, share, out.len(), out.wire.clone())));
            }
            self.known(out, self.clear(x, out.vis).map(|x| self.0.backend().linear(&map, &x)))
        })
    }

    fn concat<'a>(
        &'a self,
        out: &'a Operand,
        parts: &'a [&'a Operand],
        runs: &'a [usize],
        outer: usize,
    ) -> Forward<'a> {
        Box::pin(async move {
            if out.kind == Kind::Bit {
                return self.joined_bits(out, parts, runs, outer).await;
            }
            if out.vis == Vis::Secret {
                let mut wires = Vec::with_capacity(parts.len());
                for part in parts {
                    wires.push(self.wire(part).await);
                }
                let shares: Vec<_> = wires.iter().map(|wire| &wire.share).collect();
                return self.secret(out, self.0.concat(&shares, runs, outer));
            }
            let parts: Option<Vec<_>> = parts.iter().map(|part| self.clear(part, out.vis)).collect();
            let concat = |parts: Vec<_>| self.0.backend().concat(&parts.iter().collect::<Vec<_>>(), runs, outer);
            self.known(out, parts.map(concat))
        })
    }

    fn product<'a>(
        &'a self,
        out: &'a Operand,
        map: &'a Bilinear,
        a: &'a Operand,
        b: &'a Operand,
        plus: Option<&'a Operand>,
    ) -> Forward<'a> {
        Box::pin(async move {
            let (protocol, bits) = (&self.0, self.0.fixed().bits());
            let raise = Linear::Times(1 << bits);
            if out.vis != Vis::Secret {
                let backend = protocol.backend();
                let product = self.clear(a, out.vis).zip(self.clear(b, out.vis)).and_then(|(a, b)| {
                    let product = backend.bilinear(map, &a, &b);
                    match plus {
                        Some(plus) => Some(backend.add(&product, &backend.linear(&raise, &self.clear(plus, out.vis)?))),
                        None => Some(product),
                    }
                });
                return self.known(out, product.map(|product| backend.round_shift(&product, bits)));
            }
            let wide = match (a.vis, b.vis) {
                (_, Vis::Public) | (Vis::Public, _) => {
                    let public_first = a.vis == Vis::Public;
                    let (secret, public) = if public_first { (b, a) } else { (a, b) };
                    let secret = self.wire(secret).await;
                    match self.clear(public, Vis::Public) {
                        Some(public) => {
                            let share = protocol.bilinear_public(map, &secret.share, &public, public_first);
                            protocol.refresh(out.at, &share)
                        }
                        None => unreachable!("a public value is known here"),
                    }
                }
                _ => {
                    let (a, b) = (self.wire(a).await, self.wire(b).await);
                    protocol.bilinear(out.at, map, &a, &b).await
                }
            };
            let wide = match plus {
                Some(plus) => {
                    let plus = protocol.linear(&raise, &self.wire(plus).await.share);
                    wide.plus(|wide| protocol.add(wide, &plus))
                }
                None => wide,
            };
            match out.fused.get() {
                true => self.rescaled_openly(out, wide, bits).await,
                false => self.rescaled(out, wide, bits).await,
            }
        })
    }

    fn plan_product(&self, out: &Operand, map: &Bilinear, a: &Operand, b: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            if a.vis != Vis::Public && b.vis != Vis::Public {
                a.wire.plan();
                b.wire.plan();
                self.0.needs_bilinear(out.at, map, &a.wire.mask, &b.wire.mask, &mut needs);
            }
            match out.fused.get() {
                true => self.needs_rescaled_openly(out, self.0.fixed().bits(), &mut needs),
                false => self.0.needs_truncate(out.at, out.len(), self.0.fixed().bits(), &mut needs),
            }
        }
        needs
    }

    fn combine<'a>(&'a self, out: &'a Operand, numerators: &'a [i64], shift: u32, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(async move {
            let terms = || numerators.iter().map(|&numerator| Linear::Times(numerator)).zip(x);
            if out.vis != Vis::Secret {
                let backend = self.0.backend();
                let terms: Option<Vec<_>> =
                    terms().map(|(map, x)| self.clear(x, out.vis).map(|x| backend.linear(&map, &x))).collect();
                let sum = terms.and_then(|terms| terms.into_iter().reduce(|a, b| backend.add(&a, &b)));
                return self.known(out, sum.map(|sum| backend.round_shift(&sum, shift)));
            }
            let mut sum: Option<P::Share> = None;
            for (map, x) in terms() {
                let term = self.0.linear(&map, &self.wire(x).await.share);
                sum = Some(sum.map_or_else(|| term.clone(), |sum| self.0.add(&sum, &term)));
            }
            let zero = || self.0.constant(&self.0.backend().fill(out.len(), P::Ring::ZERO));
            let sum = sum.unwrap_or_else(zero);
            match shift {
                0 => self.secret(out, sum),
                bits => self.rescaled(out, self.0.refresh(out.at, &sum), bits).await,
            }
        })
    }

    fn plan_combine(&self, out: &Operand, shift: u32) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret && shift > 0 {
            self.0.needs_truncate(out.at, out.len(), shift, &mut needs);
        }
        needs
    }

    fn function<'a>(&'a self, out: &'a Operand, f: &'a Guarded, x: &'a Operand) -> Forward<'a> {
        Box::pin(async move {
            if out.vis == Vis::Secret {
                let x = self.wire(x).await;
                return self.secret(out, guarded(&self.0, out.at, f, &x).await);
            }
            let fixed = self.0.fixed();
            let exact = |x: P::Ring| fixed.nearest((f.exact)(fixed.decode(x)));
            self.known(out, self.clear(x, out.vis).map(|x| self.0.backend().map(&x, &exact)))
        })
    }

    fn plan_function(&self, out: &Operand, f: &Guarded, x: &Operand) -> Vec<Need> {
        let mut needs = Vec::new();
        if out.vis == Vis::Secret {
            x.wire.plan();
            needs_guarded(&self.0, out.at, f, &x.wire.mask, &mut needs);
        }
        needs
    }

    fn wide<'a>(&'a self, out: &'a Operand, f: &'a Wide, x: &'a Operand) -> Forward<'a> {
        Box::pin(self.wide_function(out, f, x))
    }
    fn plan_wide(&self, out: &Operand, f: &Wide, x: &Operand) -> Vec<Need> {
        self.needs_wide_function(out, f, x)
    }
    fn shifted<'a>(&'a self, out: &'a Operand, bits: u32, a: &'a Operand, b: &'a Operand) -> Forward<'a> {
        Box::pin(self.shifted_product(out, bits, a, b))
    }
    fn plan_shifted(&self, out: &Operand, bits: u32, a: &Operand, b: &Operand) -> Vec<Need> {
        self.needs_shifted_product(out, bits, a, b)
    }

    fn compare<'a>(&'a self, out: &'a Operand, how: Comparison, threshold: f64, x: &'a Operand) -> Forward<'a> {
        Box::pin(self.compared(out, how, threshold, x))
    }
    fn plan_compare(&self, out: &Operand, how: Comparison, x: &Operand) -> Vec<Need> {
        self.needs_compared(out, how, x)
    }
    fn logic<'a>(&'a self, out: &'a Operand, how: Logic, a: &'a Operand, b: &'a Operand) -> Forward<'a> {
        Box::pin(self.combined_bits(out, how, a, b))
    }
    fn plan_logic(&self, out: &Operand, how: Logic, a: &Operand, b: &Operand) -> Vec<Need> {
        self.needs_combined_bits(out, how, a, b)
    }
    fn not<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a> {
        Box::pin(self.complement(out, x))
    }
    fn all<'a>(&'a self, out: &'a Operand, x: &'a [&'a Operand]) -> Forward<'a> {
        Box::pin(self.all_bits(out, x))
    }
    fn plan_all(&self, out: &Operand, x: &[&Operand]) -> Vec<Need> {
        self.needs_all_bits(out, x)
    }
    fn one_hot<'a>(&'a self, out: &'a Operand, classes: usize, x: &'a Operand) -> Forward<'a> {
        Box::pin(self.one_hot_rows(out, classes, x))
    }
    fn plan_one_hot(&self, out: &Operand, classes: usize, x: &Operand) -> Vec<Need> {
        self.needs_one_hot_rows(out, classes, x)
    }
    fn random<'a>(&'a self, out: &'a Operand, what: Random) -> Forward<'a> {
        Box::pin(self.drawn(out, what))
    }
    fn plan_random(&self, out: &Operand, what: Random) -> Vec<Need> {
        self.needs_drawn(out, what)
    }
    fn number<'a>(&'a self, out: &'a Operand, bits: &'a Operand) -> Forward<'a> {
        Box::pin(self.bits_as_numbers(out, bits))
    }
    fn plan_number(&self, out: &Operand, bits: &Operand) -> Vec<Need> {
        self.needs_bits_as_numbers(out, bits)
    }
    fn keep<'a>(&'a self, out: &'a Operand, bits: &'a Operand, x: &'a Operand) -> Forward<'a> {
        Box::pin(self.kept(out, bits, x))
    }
    fn plan_keep(&self, out: &Operand, bits: &Operand, x: &Operand) -> Vec<Need> {
        self.needs_kept(out, bits, x)
    }

    fn own_share(&self, x: &Operand) -> Vec<u8> {
        self.exported(x)
    }
    fn share_bytes(&self) -> usize {
        self.bytes_of_element()
    }
    fn restore(&self, out: &Operand, bytes: &[u8]) -> Value {
        self.imported(out, bytes)
    }

    fn share<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a> {
        Box::pin(async move {
            if out.kind == Kind::Bit {
                return self.value(Stored::SecretBits(self.bits(x).await));
            }
            let x = self.wire(x).await;
            self.secret(out, self.0.refresh(out.at, &x.share).0)
        })
    }

    fn reveal<'a>(&'a self, out: &'a Operand, x: &'a Operand) -> Forward<'a> {
        Box::pin(async move {
            let route = match out.vis {
                Vis::Private(owner) => Route::To(owner),
                _ => Route::All,
            };
            if out.kind == Kind::Bit {
                return self.reveal_bits(out, x, route).await;
            }
            let x = self.wire(x).await;
            let value = self.0.reveal(out.at, &x.share, route).await;
            self.known(out, value)
        })
    }
}
