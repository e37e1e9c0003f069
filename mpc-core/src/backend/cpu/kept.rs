//! Factors of products that come again, such as the weights of a model that is served and this party's share of their mask: from
//! their second use on they are kept as products read them. They go with the opened wire that they are of.

use super::{
    array::{CpuArray, Identity},
    gemm::Matrix,
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Elements of the smallest factor that is kept: fewer are packed in no time.
pub(super) const SMALLEST: usize = 1 << 12;
/// The most bytes that are kept.
const MOST: usize = if cfg!(test) { 1 << 20 } else { 1 << 30 };
/// The most factors that are remembered.
const FACTORS: usize = 1024;

/// How a factor is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Its elements, where they would have to be made again.
    Elements,
    /// Panels for the kernel that the processor has.
    Panels(Matrix),
}

/// What a factor is: one array less another.
pub(super) type Name = [Option<Identity>; 2];

struct Entry {
    /// It goes when this is gone.
    beside: Identity,
    name: Name,
    form: Form,
    /// When it was last asked for.
    last: u64,
    made: Option<CpuArray<u64>>,
}

#[derive(Default)]
struct Table {
    entries: Vec<Entry>,
    clock: u64,
}

/// What is kept, shared by its clones.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Table>>);

impl Kept {
    fn table(&self) -> MutexGuard<'_, Table> {
        // It is whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A factor of so many elements, of a wire that was opened as `beside`: what is kept, or what `make` gives, from its second use on.
    /// Nothing at its first, and if there is no room.
    pub(super) fn find(
        &self,
        beside: Identity,
        name: Name,
        form: Form,
        elements: usize,
        make: impl FnOnce() -> CpuArray<u64>,
    ) -> Option<CpuArray<u64>> {
        if !matches!(beside, Identity::Stored(..)) {
            return None;
        }
        if let Some(kept) = self.table().seen(&beside, &name, form, elements)? {
            return Some(kept);
        }
        let made = make();
        if let Some(entry) = self.table().entries.iter_mut().find(|entry| entry.is(&name, form)) {
            entry.made = Some(made.clone());
        }
        Some(made)
    }

    /// Bytes that are kept.
    fn bytes(&self) -> usize {
        self.table().bytes()
    }
}

impl Table {
    /// What is kept, or nothing if it is to be made now; nothing at all if it is not to be kept.
    fn seen(&mut self, beside: &Identity, name: &Name, form: Form, elements: usize) -> Option<Option<CpuArray<u64>>> {
        self.entries.retain(|entry| !entry.gone());
        self.clock += 1;
        let (last, bytes) = (self.clock, self.bytes());
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.is(name, form)) {
            entry.last = last;
            // Panels have up to two words for an element.
            return (entry.made.is_some() || bytes + 16 * elements <= MOST).then(|| entry.made.clone());
        }
        if self.entries.len() >= FACTORS {
            let unused = self.entries.iter().enumerate().filter(|(_, entry)| entry.made.is_none());
            let oldest = unused.min_by_key(|(_, entry)| entry.last).map(|(at, _)| at)?;
            self.entries.swap_remove(oldest);
        }
        self.entries.push(Entry { beside: beside.clone(), name: name.clone(), form, last, made: None });
        None
    }

    fn bytes(&self) -> usize {
        self.entries.iter().filter_map(|entry| entry.made.as_ref()).map(|made| 8 * made.count()).sum()
    }
}

impl Entry {
    /// Whether nobody can ask for it any more.
    fn gone(&self) -> bool {
        self.beside.gone() || self.name.iter().flatten().any(Identity::gone)
    }

    fn is(&self, name: &Name, form: Form) -> bool {
        self.form == form && self.name == *name
    }
}

impl fmt::Debug for Kept {
    /// How much there is: what is kept are shares.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} bytes)", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        backend::{Backend, Cpu, Masked},
        bilinear::Bilinear,
        conv::{Geometry, Third},
        level::Level,
        rand::{Address, Prg, Purpose, Seed},
    };
    use std::sync::LazyLock;

    /// Clones of it are the same key.
    static SEED: LazyLock<Seed> = LazyLock::new(|| Seed::new(Prg::default(), &[5; 32]));

    /// A layer of a served model whose weights lie the other way round; the same for so few rows that nothing is packed; and a
    /// convolution of two groups, whose products are of 1, 3 and 2 images.
    fn layers() -> [(Bilinear, usize); 3] {
        let dense = |m| Bilinear::MatMul { m, k: 100, n: 70, ta: false, tb: true };
        let geometry = Geometry {
            images: 5,
            groups: 2,
            channels: 30,
            filters: 10,
            input: [5, 4],
            kernel: [3, 3],
            output: [5, 4],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
        };
        [(dense(20), 7000), (dense(2), 7000), (Bilinear::Conv { third: Third::Output, geometry }, 5400)]
    }

    fn random(cpu: &Cpu, op: u64, len: usize) -> CpuArray<u64> {
        let at = Address { op, part: 0, purpose: Purpose::Mask };
        cpu.random(&SEED, at, 0..len)
    }

    /// One request. What is opened lies in memory; the share of the mask is made again.
    fn request(cpu: &Cpu, map: &Bilinear, number: u64, weights: &CpuArray<u64>, mask: u64, first: bool) -> Vec<u64> {
        let (x, w, y) = map.lens().unwrap();
        let [m, l] = [0, 1].map(|i| cpu.upload(random(cpu, 10 * number + i, x).to_vec()));
        let (mask, dealt) = (random(cpu, mask, w), random(cpu, 10 * number + 3, y));
        let step = Masked { opened: [&m, weights], masks: [&l, &mask], dealt: &dealt, first };
        cpu.masked_bilinear(map, step).to_vec()
    }

    #[test]
    fn weights_that_come_again_are_kept_and_go_with_their_wire() {
        for ((map, elements), level) in layers().into_iter().flat_map(|layer| Level::ALL.map(|level| (layer, level))) {
            for first in [true, false] {
                let (cpu, fresh) = (Cpu::new(level), || Cpu::new(level));
                let weights = cpu.upload(random(&cpu, 1, elements).to_vec());
                let check = |number, mask| {
                    let expected = request(&fresh(), &map, number, &weights, mask, first);
                    assert!(request(&cpu, &map, number, &weights, mask, first) == expected, "{map:?} {level} {number}");
                    cpu.kept.bytes()
                };
                assert_eq!((check(1, 2), cpu.kept.bytes()), (0, 0));
                let kept = check(2, 2);
                assert!(kept >= 8 * elements, "{map:?} {level}: {kept} bytes");
                assert_eq!((check(3, 2), check(4, 2)), (kept, kept));
                // Under another mask something else is to be kept, the second time.
                assert_eq!(check(5, 9), kept);
                assert!(check(6, 9) > kept);
                // Words that come from elsewhere are another wire.
                let other = cpu.upload(weights.to_vec());
                request(&cpu, &map, 7, &other, 9, first);
                drop((weights, other));
                let gone = cpu.upload(vec![0; elements]);
                request(&cpu, &map, 8, &gone, 2, first);
                assert_eq!(cpu.kept.bytes(), 0);
            }
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let cpu = Cpu::default();
        let (map, elements) = layers()[0];
        let wires: Vec<_> = (0..8).map(|op| cpu.upload(random(&cpu, op, elements).to_vec())).collect();
        for number in 0..4 {
            for weights in &wires {
                request(&cpu, &map, number, weights, 2, true);
            }
            assert!(cpu.kept.bytes() <= MOST);
        }
        assert!(cpu.kept.bytes() > MOST / 2);
        // The first product of a wire that comes once is forgotten, whatever else is remembered.
        for number in 0..2 * FACTORS as u64 {
            let name = [random(&cpu, number, 1).identity(), None];
            assert!(cpu.kept.find(wires[0].identity().unwrap(), name, Form::Elements, 1, || unreachable!()).is_none());
        }
        assert_eq!(cpu.kept.table().entries.len(), FACTORS);
        assert!(cpu.kept.bytes() > MOST / 2);
    }
}
