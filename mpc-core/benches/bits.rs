//! Elements a second of the kernels on bits, at every level of instructions that this processor has, over 64-bit words:
//! the steps of a comparison, in their order, then choice, truncation, and what the dealer makes of masks; sums of choices, and
//! exponentials.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo bench -p mpc-core --bench bits
//! cargo bench -p mpc-core --bench bits -- 'nibbles.*avx2'
//! ```

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpc_core::backend::{Backend, ByBit, Cpu, Deals, Exponential, Level, Weights, exponential::Window, tree};
use std::{hint::black_box, time::Duration};

/// Elements: not a power of two, and one for which the planes lie whole pages apart.
const LENGTHS: [usize; 2] = [1_000_000, 1 << 20];

fn words(cpu: &Cpu, seed: u64, len: usize) -> <Cpu as Backend>::Array<u64> {
    cpu.upload((0..len as u64).map(|i| (i + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)).collect())
}

fn kernels(c: &mut Criterion) {
    let levels = tree::levels(tree::nibbles(64));
    for len in LENGTHS {
        let width = tree::plane(len);
        for level in Level::ALL.into_iter().filter(|level| level.supported()) {
            let cpu = Cpu::new(level);
            let (a, b, dealt) = (words(&cpu, 1, len), words(&cpu, 2, len), words(&cpu, 3, len));
            let (bits, other) = (words(&cpu, 4, width), words(&cpu, 5, width));
            let tables = words(&cpu, 6, len * tree::table_words(64));
            let first = &levels[0];
            let leaves = words(&cpu, 7, 2 * first.pairs * width);
            let [opened, masks] = [8, 9].map(|seed| words(&cpu, seed, first.opened * width));
            let monomials = words(&cpu, 10, first.monomials * width);
            let all_masks = cpu.download(&words(&cpu, 11, tree::opened_bits(64) * width));
            let none = cpu.fill(len * tree::table_words(64), 0_u64);
            let mut bench = |name: &str, run: &dyn Fn()| {
                let mut group = c.benchmark_group(format!("{name} {len}"));
                group.throughput(Throughput::Elements(len as u64)).sample_size(10);
                group.warm_up_time(Duration::from_millis(100)).measurement_time(Duration::from_millis(400));
                group.bench_function(BenchmarkId::from_parameter(level), |bench| bench.iter(run));
                group.finish();
            };
            bench("nibbles", &|| drop(black_box(cpu.nibbles(&a, &tables))));
            // As many blocks as a reciprocal has, and a threshold's borrows.
            let blocks = |place, count| (0..count).map(move |less| tree::Block { place, less: 1 << less });
            let blocks: Vec<_> =
                [(0, 11), (1, 13), (2, 5), (3, 3)].into_iter().flat_map(|(at, n)| blocks(at, n)).collect();
            bench("nibbles_of_blocks", &|| drop(black_box(cpu.nibbles_of_blocks(&a, &blocks, &tables))));
            bench("borrows", &|| drop(black_box(cpu.borrows(&a, &[16, 32, 48, 63].map(|bits| (bits, 4096))))));
            bench("equal_nibbles", &|| drop(black_box(cpu.equal_nibbles(&a, &tables))));
            bench("top_bits", &|| drop(black_box(cpu.top_bits(&a))));
            bench("pack", &|| drop(black_box(cpu.pack(&a))));
            bench("bits_to_ring", &|| drop(black_box(cpu.bits_to_ring::<u64>(&bits, len))));
            bench("tree_level", &|| drop(black_box(cpu.tree_level(first, &leaves, &opened, &masks, &monomials, true))));
            bench("choose", &|| drop(black_box(cpu.choose(&bits, &a, &b))));
            bench("truncate_by_bit", &|| {
                let step =
                    ByBit { z: &a, opened: [&bits, &other], mask: &other, products: &dealt, bits: 16, first: true };
                drop(black_box(cpu.truncate_by_bit(step)));
            });
            bench("truncate_opened", &|| drop(black_box(cpu.truncate_opened(&a, &b, &dealt, 16, true))));
            bench("dealer tables", &|| drop(black_box(cpu.tables(&a, &none))));
            bench("dealer monomials", &|| drop(black_box(cpu.monomials(64, &all_masks, width))));
            // Eight bits that choose, with three sets of weights.
            let chosen = [(); 8].map(|()| bits.clone());
            let numbers: Vec<_> = (12..20).map(|seed| words(&cpu, seed, len)).collect();
            let factors: Vec<i64> = (0..8).map(|k| 1 << (4 * k)).collect();
            let sums = [true, false, true].map(|with_ones| Weights { factors: &factors, with_ones });
            bench("flipped_sums", &|| drop(black_box(cpu.flipped_sums(&chosen, &numbers, &sums))));
            let window = Window { log2: 21, from: 16 };
            let e = Exponential { to: 16, start: -726_817, window };
            let decays = cpu.upload(vec![1u128 << 70; 2 * len]);
            bench("exponential", &|| drop(black_box(cpu.exponential(&e, &a, &decays, 0))));
            bench("dealer decays", &|| drop(black_box(Deals::decays(&cpu, window, &a, &decays))));
        }
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
