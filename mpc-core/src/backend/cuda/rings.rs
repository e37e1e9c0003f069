//! The backend of every ring: kernels for 64 bits, the CPU for the others. What is copied or random is so in any ring.

use super::{array::Rule, travel::Traveller, *};

/// `$words` if the arrays are of the ring of 64 bits, else `$others`.
macro_rules! by_ring {
    ([$($array:ident),+] $words:expr, $others:expr) => {
        match ($(same::<R, u64>($array),)+) {
            ($(Some($array),)+) => of($words),
            _ => $others,
        }
    };
}

/// What is left of `a` when nothing is added to it: other parties' shares of what one party has alone are zero.
fn unchanged<R: Ring>(a: &CudaArray<R>, b: &CudaArray<R>) -> Option<CudaArray<R>> {
    assert_eq!(a.len(), b.len(), "operands of one length");
    b.is_zero().then(|| a.clone())
}

impl Backend for Cuda {
    type Array<R: Ring> = CudaArray<R>;

    fn check(&self) -> Result<()> {
        self.gpu().check()
    }

    fn upload<R: Ring>(&self, data: Vec<R>) -> CudaArray<R> {
        self.copied_in(&data)
    }
    fn download<R: Ring>(&self, a: &CudaArray<R>) -> Vec<R> {
        let mut data = vec![R::ZERO; a.len()];
        self.gpu().copy_out(a.at(), bytemuck::cast_slice_mut(&mut data));
        data
    }
    fn len<R: Ring>(&self, a: &CudaArray<R>) -> usize {
        a.len()
    }
    fn fill<R: Ring>(&self, len: usize, value: R) -> CudaArray<R> {
        match R::BITS {
            64 => CudaArray::ruled(self.gpu(), len, Rule::Constant(R::low(value))),
            _ => self.copied_in(&vec![value; len]),
        }
    }
    fn random<R: Ring>(&self, seed: &Seed, at: Address, range: Range<usize>) -> CudaArray<R> {
        self.expanded(seed, at, range)
    }

    fn to_wire<R: Ring>(&self, a: &CudaArray<R>) -> Payload {
        if let Some(traveller) = Traveller::send(self.gpu(), a) {
            return Payload::Later(Rc::new(traveller));
        }
        let mut words = vec![0u64; R::words(a.len())];
        self.gpu().copy_out(a.at(), &mut bytemuck::cast_slice_mut(&mut words)[..a.bytes()]);
        Payload::Words(words.into())
    }
    fn sum_wire<R: Ring>(&self, parts: &[Payload], len: usize) -> CudaArray<R> {
        match parts {
            _ if R::BITS == 64 => of(self.joined(parts, len, kernels::how::ADD)),
            // What a dealer sends: nothing is added.
            [part] if let Some(part) = self.received(part, len) => part,
            _ => {
                let here = |part: &Payload| part.arrived().ok().flatten().map(Payload::Words);
                self.back(self.0.cpu.sum_wire(&parts.iter().filter_map(here).collect::<Vec<_>>(), len))
            }
        }
    }
    fn xor_wire(&self, parts: &[Payload], words: usize) -> CudaArray<u64> {
        self.joined(parts, words, kernels::how::XOR)
    }

    fn add<R: Ring>(&self, a: &CudaArray<R>, b: &CudaArray<R>) -> CudaArray<R> {
        if let Some(sum) = unchanged(a, b).or_else(|| unchanged(b, a)) {
            return sum;
        }
        by_ring!([a, b] self.zip(a, b, kernels::how::ADD), self.back(self.0.cpu.add(&self.host(a), &self.host(b))))
    }
    fn sub<R: Ring>(&self, a: &CudaArray<R>, b: &CudaArray<R>) -> CudaArray<R> {
        if let Some(difference) = unchanged(a, b) {
            return difference;
        }
        by_ring!([a, b] self.zip(a, b, kernels::how::SUB), self.back(self.0.cpu.sub(&self.host(a), &self.host(b))))
    }
    fn add_scalar<R: Ring>(&self, a: &CudaArray<R>, c: R) -> CudaArray<R> {
        by_ring!([a] self.each(a, kernels::how::ADD, R::low(c)), self.back(self.0.cpu.add_scalar(&self.host(a), c)))
    }
    fn linear<R: Ring>(&self, map: &Linear, a: &CudaArray<R>) -> CudaArray<R> {
        match (same::<R, u64>(a), map) {
            (_, Linear::View(view)) if let Some(range) = view.contiguous() => a.part(range),
            (Some(a), _) if let Some(found) = self.mapped(map, a) => of(found),
            _ => self.back(self.0.cpu.linear(map, &self.host(a))),
        }
    }
    fn concat<R: Ring>(&self, parts: &[&CudaArray<R>], runs: &[usize], outer: usize) -> CudaArray<R> {
        match parts.iter().map(|part| same(part)).collect::<Option<Vec<_>>>() {
            Some(parts) if R::BITS == 64 => of(self.interleaved(&parts, runs, outer)),
            _ => {
                let parts: Vec<_> = parts.iter().map(|part| self.host(part)).collect();
                self.back(self.0.cpu.concat(&parts.iter().collect::<Vec<_>>(), runs, outer))
            }
        }
    }
    fn bilinear<R: Ring>(&self, map: &Bilinear, a: &CudaArray<R>, b: &CudaArray<R>) -> CudaArray<R> {
        let by_cpu = || self.back(self.0.cpu.bilinear(map, &self.host(a), &self.host(b)));
        match (same(a), same(b)) {
            (Some(a), Some(b)) => self.product(map, a, b).map_or_else(by_cpu, of),
            _ => by_cpu(),
        }
    }
    fn masked_bilinear<R: Ring>(&self, map: &Bilinear, step: Masked<'_, Self, R>) -> CudaArray<R> {
        let Masked { opened: [m_a, m_b], masks: [l_a, l_b], dealt, first } = step;
        let words = match (same(m_a), same(m_b), same(l_a), same(l_b), same(dealt)) {
            (Some(m_a), Some(m_b), Some(l_a), Some(l_b), Some(dealt)) => {
                self.masked_product(map, Masked { opened: [m_a, m_b], masks: [l_a, l_b], dealt, first })
            }
            _ => None,
        };
        words.map(of).unwrap_or_else(|| {
            let [m_a, m_b, l_a, l_b, dealt] = [m_a, m_b, l_a, l_b, dealt].map(|array| self.host(array));
            let step = Masked { opened: [&m_a, &m_b], masks: [&l_a, &l_b], dealt: &dealt, first };
            self.back(self.0.cpu.masked_bilinear(map, step))
        })
    }
    fn round_shift<R: Ring>(&self, a: &CudaArray<R>, bits: u32) -> CudaArray<R> {
        by_ring!([a] self.each(a, kernels::how::ROUND_SHIFT, u64::from(bits)), self.back(self.0.cpu.round_shift(&self.host(a), bits)))
    }
    fn map<R: Ring>(&self, a: &CudaArray<R>, f: &dyn Fn(R) -> R) -> CudaArray<R> {
        self.back(self.0.cpu.map(&self.host(a), f))
    }

    fn top_bits<R: Ring>(&self, a: &CudaArray<R>) -> CudaArray<u64> {
        by_ring!([a] self.packed(a, true), self.back(self.0.cpu.top_bits(&self.host(a))))
    }
    fn and(&self, a: &CudaArray<u64>, b: &CudaArray<u64>) -> CudaArray<u64> {
        self.zip(a, b, kernels::how::AND)
    }
    fn xor(&self, a: &CudaArray<u64>, b: &CudaArray<u64>) -> CudaArray<u64> {
        self.zip(a, b, kernels::how::XOR)
    }
    fn not(&self, a: &CudaArray<u64>) -> CudaArray<u64> {
        self.each(a, kernels::how::NOT, 0)
    }
    fn planes(&self, a: &CudaArray<u64>, range: Range<usize>) -> CudaArray<u64> {
        a.part(range)
    }
    fn stack(&self, parts: &[&CudaArray<u64>]) -> CudaArray<u64> {
        let runs: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        self.interleaved(parts, &runs, 1)
    }
    fn bits_to_ring<R: Ring>(&self, bits: &CudaArray<u64>, len: usize) -> CudaArray<R> {
        match R::BITS {
            64 => of(self.spread(bits, len)),
            _ => self.back(self.0.cpu.bits_to_ring(&self.host(bits), len)),
        }
    }
    fn choose<R: Ring>(&self, bits: &CudaArray<u64>, a: &CudaArray<R>, b: &CudaArray<R>) -> CudaArray<R> {
        by_ring!([a, b] self.chosen(bits, a, b, false), self.back(self.0.cpu.choose(&self.host(bits), &self.host(a), &self.host(b))))
    }
    fn flip<R: Ring>(&self, bits: &CudaArray<u64>, a: &CudaArray<R>, b: &CudaArray<R>) -> CudaArray<R> {
        by_ring!([a, b] self.chosen(bits, a, b, true), self.back(self.0.cpu.flip(&self.host(bits), &self.host(a), &self.host(b))))
    }
    fn truncated_product<R: Ring>(
        &self,
        m: &CudaArray<R>,
        [beta, high, sign]: [&CudaArray<R>; 3],
        bits: u32,
    ) -> CudaArray<R> {
        by_ring!([m, beta, high, sign] self.truncated_times(m, [beta, high, sign], bits), {
            let [m, beta, high, sign] = [m, beta, high, sign].map(|array| self.host(array));
            self.back(self.0.cpu.truncated_product(&m, [&beta, &high, &sign], bits))
        })
    }

    fn truncate_by_bit<R: Ring>(&self, step: ByBit<'_, Self, R>) -> CudaArray<R> {
        let ByBit { z, opened, mask, products, bits, first } = step;
        by_ring!([z, products] self.truncated_by_bit(ByBit { z, opened, mask, products, bits, first }), {
            let (z, products) = (self.host(z), self.host(products));
            let [a, b, mask] = [opened[0], opened[1], mask].map(|bits| self.host(bits));
            let step = ByBit { z: &z, opened: [&a, &b], mask: &mask, products: &products, bits, first };
            self.back(self.0.cpu.truncate_by_bit(step))
        })
    }
    fn truncate_opened<R: Ring>(
        &self,
        m: &CudaArray<R>,
        high: &CudaArray<R>,
        sign: &CudaArray<R>,
        bits: u32,
        first: bool,
    ) -> CudaArray<R> {
        by_ring!([m, high, sign] self.truncated(m, high, sign, bits, first), {
            let [m, high, sign] = [m, high, sign].map(|array| self.host(array));
            self.back(self.0.cpu.truncate_opened(&m, &high, &sign, bits, first))
        })
    }
    fn nibbles<R: Ring>(&self, c: &CudaArray<R>, tables: &CudaArray<u64>) -> CudaArray<u64> {
        by_ring!([c] self.looked_up(c, tables, true), self.back(self.0.cpu.nibbles(&self.host(c), &self.host(tables))))
    }
    fn nibbles_of_blocks<R: Ring>(&self, m: &CudaArray<R>, blocks: &[tree::Block], tables: &Bits<Self>) -> Bits<Self> {
        by_ring!([m] self.blocks(m, blocks, tables), {
            self.back(self.0.cpu.nibbles_of_blocks(&self.host(m), blocks, &self.host(tables)))
        })
    }
    fn borrows<R: Ring>(&self, m: &CudaArray<R>, cuts: &[(u32, R)]) -> Bits<Self> {
        let words = || cuts.iter().map(|&(bits, t)| (bits, R::low(t))).collect::<Vec<_>>();
        by_ring!([m] self.borrowed(m, &words()), self.back(self.0.cpu.borrows(&self.host(m), cuts)))
    }
    fn equal_nibbles<R: Ring>(&self, c: &CudaArray<R>, tables: &CudaArray<u64>) -> CudaArray<u64> {
        by_ring!([c] self.looked_up(c, tables, false), self.back(self.0.cpu.equal_nibbles(&self.host(c), &self.host(tables))))
    }
    fn conjunctions(
        &self,
        groups: &[usize],
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> Bits<Self> {
        let width = opened.len() / groups.iter().sum::<usize>().max(1);
        let none = self.room(0);
        self.gates(gates::conjunctions(groups), groups.len() * width, width, [&none, opened, masks, monomials], first)
    }
    fn view_bits(&self, view: &View, a: &CudaArray<u64>, len: usize) -> CudaArray<u64> {
        let by_cpu = || self.back(self.0.cpu.view_bits(view, &self.host(a), len));
        self.viewed_bits(view, a).unwrap_or_else(by_cpu)
    }
    fn pack<R: Ring>(&self, a: &CudaArray<R>) -> CudaArray<u64> {
        by_ring!([a] self.packed(a, false), self.back(self.0.cpu.pack(&self.host(a))))
    }
    fn tree_level(
        &self,
        level: &tree::Level,
        leaves: &Bits<Self>,
        opened: &Bits<Self>,
        masks: &Bits<Self>,
        monomials: &Bits<Self>,
        first: bool,
    ) -> Bits<Self> {
        let width = leaves.len() / (2 * level.pairs);
        let words = 2 * level.nodes.len() * width;
        self.gates(gates::tree_level(level), words, width, [leaves, opened, masks, monomials], first)
    }
    fn series<R: Ring>(
        &self,
        series: &Series,
        fraction_bits: u32,
        m: &CudaArray<R>,
        waves: &CudaArray<R>,
        first: bool,
    ) -> CudaArray<R> {
        let words = match (same(m), same(waves)) {
            (Some(m), Some(waves)) => self.combined(series, fraction_bits, m, waves, first),
            _ => None,
        };
        words.map(of).unwrap_or_else(|| {
            let (m, waves) = (self.host(m), self.host(waves));
            self.back(self.0.cpu.series(series, fraction_bits, &m, &waves, first))
        })
    }
    fn exponential<R: Ring>(
        &self,
        e: &Exponential,
        m: &CudaArray<R>,
        decays: &CudaArray<u128>,
        carry: u128,
    ) -> CudaArray<R> {
        by_ring!([m] self.exponentials(e, m, decays, carry), {
            self.back(self.0.cpu.exponential(e, &self.host(m), &self.host(decays), carry))
        })
    }
}
