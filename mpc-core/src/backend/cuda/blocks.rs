//! Comparisons that share nodes (see [`Forest`](tree::Forest)), in the ring of 64 bits.

use super::{Cuda, array::CudaArray, kernels as k};
use crate::backend::tree::{self, Block};

type Words = CudaArray<u64>;

impl Cuda {
    /// The planes of `lt` of some blocks of the elements, then those of `eq`.
    pub(super) fn blocks(&self, m: &Words, blocks: &[Block], tables: &Words) -> Words {
        assert_eq!(tables.len(), m.len() * tree::table_words(64), "tables for each element");
        assert!(blocks.iter().all(|block| block.place < 4), "blocks of an element");
        let (width, count) = (tree::plane(m.len()), blocks.len() as u64);
        let out = self.room(8 * blocks.len() * width);
        if out.len() > 0 {
            let blocks = self.constant(blocks.iter().map(|b| (b.place as u32) << 16 | u32::from(b.less)).collect());
            let (threads, len, width) = (64 * width as u64, m.len() as u64, width as u64);
            let (m, tables, to, blocks) = (m.at(), tables.at(), out.at(), blocks.at());
            self.gpu().each(threads, &k::Blocks { threads, m, tables, out: to, blocks, len, width, count });
        }
        out
    }

    /// A plane for each `(bits, t)`: where the elements are below t, both modulo 2^bits.
    pub(super) fn borrowed(&self, m: &Words, cuts: &[(u32, u64)]) -> Words {
        assert!(cuts.iter().all(|(bits, _)| *bits < 64), "fewer bits than the ring has");
        let (width, count) = (tree::plane(m.len()), cuts.len() as u64);
        let out = self.room(cuts.len() * width);
        if out.len() > 0 {
            let words = cuts.iter().flat_map(|&(bits, t)| [bits, t as u32, (t >> 32) as u32]);
            let cuts = self.constant(words.collect());
            let (threads, len, width) = (64 * width as u64, m.len() as u64, width as u64);
            let (m, to, cuts) = (m.at(), out.at(), cuts.at());
            self.gpu().each(threads, &k::Borrows { threads, m, out: to, cuts, len, width, count });
        }
        out
    }
}
