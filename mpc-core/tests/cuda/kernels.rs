//! Every kernel.

use super::emulator::gpus;
use mpc_core::{
    along::{Along, Pick},
    backend::{Add, Backend, Bits, ByBit, Cpu, Cuda, Deals, Masked, Payload, Series, Set, cuda::Tuning, tree},
    bilinear::{Bilinear, Linear},
    conv::{Geometry, Third},
    rand::{Address, Prg, Purpose, Seed},
    ring::Ring,
    shape::{Axis, View},
};

/// Elements: none, parts of words of bits, and more than one block of threads.
const LENGTHS: [usize; 7] = [0, 1, 63, 64, 65, 131, 1000];

/// A list of results, with names.
#[derive(Default)]
struct Results(Vec<(String, Vec<u64>)>);

impl Results {
    fn add<B: Backend, R: Ring>(&mut self, name: impl Into<String>, backend: &B, a: &B::Array<R>) {
        let data = backend.download(a);
        assert_eq!(data.len(), backend.len(a));
        // 128-bit numbers as two.
        let words =
            data.into_iter().flat_map(|x| [R::low(x), if R::BITS > 64 { R::low(R::shr(x, R::BITS / 2)) } else { 0 }]);
        self.0.push((name.into(), words.collect()));
    }
}

fn numbers<R: Ring>(seed: u64, len: usize) -> Vec<R> {
    let mix =
        |i: u64| i.wrapping_add(77 * seed + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(i as u32 ^ seed as u32);
    let half = 1i128 << (R::BITS - 2);
    let edges = [0, 1, -1, -half - half, half - 1 + half, half, -half];
    (0..len as u64)
        .map(|i| match edges.get((i % 11) as usize) {
            Some(&edge) if seed % 2 == 1 => R::from_i128(edge),
            _ => R::from_i128(i128::from(mix(mix(i))).wrapping_mul(i128::from(mix(i) | 1))),
        })
        .collect()
}

fn up<B: Backend, R: Ring>(backend: &B, seed: u64, len: usize) -> B::Array<R> {
    backend.upload(numbers(seed, len))
}

fn all<B: Deals>(backend: &B, all: &mut Results) {
    for len in LENGTHS {
        elementwise::<B, u64>(backend, len, all);
        bits(backend, len, all);
        dealt::<B, u64>(backend, len, all);
    }
    dealt::<B, u32>(backend, 131, all);
    for len in LENGTHS {
        dealt::<B, u128>(backend, len, all);
    }
    elementwise::<B, u32>(backend, 131, all);
    elementwise::<B, u128>(backend, 131, all);
    random(backend, all);
    layouts(backend, all);
    products(backend, all);
    series(backend, all);
}

fn elementwise<B: Backend, R: Ring>(backend: &B, len: usize, all: &mut Results) {
    let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|seed| up::<B, R>(backend, seed, len));
    let mut add =
        |name: &str, result: &B::Array<R>| all.add(format!("{name} of {len} in {}", R::NAME), backend, result);
    add("upload", &a);
    add("fill", &backend.fill(len, R::from_i128(-7)));
    add("add", &backend.add(&a, &b));
    add("sub", &backend.sub(&a, &b));
    let zeros = backend.fill(len, R::ZERO);
    add("add to zeros", &backend.add(&zeros, &a));
    add("add zeros", &backend.add(&a, &zeros));
    add("sub zeros", &backend.sub(&a, &zeros));
    add("sub from zeros", &backend.sub(&zeros, &a));
    add("add_scalar", &backend.add_scalar(&a, R::from_i128(-3)));
    add("mul", &backend.bilinear(&Bilinear::Mul { len }, &a, &b));
    add("neg", &backend.linear(&Linear::Neg, &a));
    add("times", &backend.linear(&Linear::Times(-12345), &a));
    add("map", &backend.map(&a, &|x| R::mul(x, x)));
    for bits in [0, 1, 16, R::BITS - 3] {
        add("round_shift", &backend.round_shift(&a, bits));
    }
    for first in [true, false] {
        let step = Masked { opened: [&a, &b], masks: [&c, &d], dealt: &e, first };
        add("masked product", &backend.masked_bilinear(&Bilinear::Mul { len }, step));
        let words = [6, 7, 8].map(|seed| up::<B, u64>(backend, seed, tree::plane(len)));
        for bits in [1, 16, R::BITS - 3] {
            let step = ByBit { z: &a, opened: [&words[0], &words[1]], mask: &words[2], products: &b, bits, first };
            add("truncate_by_bit", &backend.truncate_by_bit(step));
            add("truncate_opened", &backend.truncate_opened(&a, &b, &c, bits, first));
            add("truncated_product", &backend.truncated_product(&a, [&b, &c, &d], bits));
        }
    }
    let words = up::<B, u64>(backend, 9, tree::plane(len));
    add("choose", &backend.choose(&words, &a, &b));
    add("flip", &backend.flip(&words, &a, &b));
    add("product_less", &backend.product_less(&a, &b, &c));
    add("bits_to_ring", &backend.bits_to_ring(&words, len));
    let wire = [&a, &b, &c].map(|array| backend.to_wire(array));
    add("sum_wire", &backend.sum_wire(&wire, len));
    add("sum_wire of one", &backend.sum_wire(&wire[..1], len));
    add("sum_wire of none", &backend.sum_wire(&[], len));
    let here = wire.map(|part| part.arrived().unwrap().unwrap());
    all.0.push((format!("to_wire of {len} in {}", R::NAME), here[0].to_vec()));
    let [_, peers @ ..] = here.map(Payload::Words);
    let parts = [&peers[..], &[backend.to_wire(&a)]].concat();
    all.add(format!("sum_wire of {len} of peers in {}", R::NAME), backend, &backend.sum_wire::<R>(&parts, len));
}

fn bits<B: Backend>(backend: &B, len: usize, all: &mut Results) {
    let width = tree::plane(len);
    let mut add = |name: &str, result: &Bits<B>| all.add(format!("{name} of {len}"), backend, result);
    let (numbers, tables) = (up::<B, u64>(backend, 1, len), up::<B, u64>(backend, 2, 4 * len));
    let (a, b) = (up::<B, u64>(backend, 3, width), up::<B, u64>(backend, 4, width));
    add("top_bits", &backend.top_bits(&numbers));
    add("pack", &backend.pack(&numbers));
    add("and", &backend.and(&a, &b));
    add("xor", &backend.xor(&a, &b));
    add("not", &backend.not(&a));
    add("xor_wire", &backend.xor_wire(&[backend.to_wire(&a), backend.to_wire(&b), backend.to_wire(&a)], width));
    add("nibbles", &backend.nibbles(&numbers, &tables));
    add("equal_nibbles", &backend.equal_nibbles(&numbers, &tables));
    let blocks = [(0, 0), (0, 0xFFFF), (1, 1), (2, 0x8000), (2, 0x1234), (3, 0), (3, 0xFFFF), (3, 0x7FFF)];
    let blocks = blocks.map(|(place, less)| tree::Block { place, less });
    add("nibbles_of_blocks", &backend.nibbles_of_blocks(&numbers, &blocks, &tables));
    add("nibbles_of_blocks of none", &backend.nibbles_of_blocks(&numbers, &[], &tables));
    // One of the numbers, which is not below itself, and its neighbours.
    let edges = [0, 1, u64::MAX, 1 << 16, 0xFFFF].into_iter().chain(backend.download(&numbers).into_iter().take(1));
    let near = edges.flat_map(|t| [t.wrapping_sub(1), t, t.wrapping_add(1)]);
    let cuts: Vec<_> = near.flat_map(|t| [0, 1, 16, 31, 32, 33, 48, 63].map(|bits| (bits, t))).collect();
    add("borrows", &backend.borrows(&numbers, &cuts));
    let stacked = backend.stack(&[&a, &b, &a]);
    add("stack", &stacked);
    add("planes", &backend.planes(&stacked, width..3 * width));
    for first in [true, false] {
        for groups in [vec![4, 4], vec![1, 2, 3], vec![2]] {
            let factors = groups.iter().sum::<usize>();
            let monomials = mpc_core::backend::conjunction::monomials(&groups);
            let [opened, masks] = [5, 6].map(|seed| up::<B, u64>(backend, seed, factors * width));
            let monomials = up::<B, u64>(backend, 7, monomials * width);
            add("conjunctions", &backend.conjunctions(&groups, &opened, &masks, &monomials, first));
        }
        for level in [16, 5, 4, 9].into_iter().flat_map(tree::levels) {
            let leaves = up::<B, u64>(backend, 8, 2 * level.pairs * width);
            let [opened, masks] = [9, 10].map(|seed| up::<B, u64>(backend, seed, level.opened * width));
            let monomials = up::<B, u64>(backend, 11, level.monomials * width);
            add("tree_level", &backend.tree_level(&level, &leaves, &opened, &masks, &monomials, first));
        }
    }
}

fn dealt<B: Deals, R: Ring>(backend: &B, len: usize, all: &mut Results) {
    let mut add =
        |name: String, result: &B::Array<R>| all.add(format!("{name} of {len} in {}", R::NAME), backend, result);
    let (masks, at) = (up::<B, R>(backend, 1, len), Address { op: 5, part: 1, purpose: Purpose::Mask });
    for bits in [0, 1, 16, R::BITS - 1] {
        add(format!("shifted by {bits}"), &backend.shifted(&masks, bits));
    }
    let seeds =
        [(Prg::ChaCha20, 1), (Prg::Aes256Ctr, 2), (Prg::ChaCha20, 3)].map(|(prg, key)| Seed::new(prg, &[key; 32]));
    for (seeds, how) in
        [(&seeds[..1], Add::Sum), (&seeds[..2], Add::Sum), (&seeds[..], Add::Xor), (&seeds[1..], Add::Xor)]
    {
        for start in [0, 3] {
            let total = backend.total(&seeds.into(), at, start..start + len, how);
            add(format!("total of {} from {start}, {how:?}", seeds.len()), &total);
        }
    }
    for (code, harmonics) in [((5, 16), 3), ((0, 0), 2), ((40, 24), 1), ((50, 30), 2), ((5, 16), 0)] {
        let others = up::<B, R>(backend, 2, 2 * harmonics * len);
        add(format!("waves {code:?} {harmonics}"), &backend.waves(code, harmonics, &masks, &others));
    }
    let (others, width) = (up::<B, u64>(backend, 3, len * tree::table_words(R::BITS)), tree::plane(len));
    for less in [true, false] {
        all.add(format!("tables of {len}, {less}"), backend, &backend.tables(&masks, &others, less));
    }
    let planes = up::<B, u64>(backend, 4, tree::opened_bits(64) * width);
    for sets in [Set::of_tree(64), Set::of_groups(&[3, 1, 2, 4]), Vec::new()] {
        all.add(format!("products of {len}"), backend, &backend.all_of(&sets, &planes, width));
    }
}

fn random<B: Backend>(backend: &B, all: &mut Results) {
    for prg in Prg::ALL {
        random_by(backend, &Seed::new(prg, &std::array::from_fn(|i| 7 * i as u8 + 1)), all);
    }
}

fn random_by<B: Backend>(backend: &B, seed: &Seed, all: &mut Results) {
    for (op, range) in
        [(7, 0..1), (8, 0..1000), (1 << 40, 3..4), (9, 13..500), (9, 77..77), (3, 1 << 35..(1 << 35) + 50)]
    {
        let at = Address { op, part: 3, purpose: Purpose::Own };
        all.add(format!("random {range:?}"), backend, &backend.random::<u64>(seed, at, range.clone()));
        all.add(format!("random {range:?}, 32 bits"), backend, &backend.random::<u32>(seed, at, range.clone()));
        all.add(format!("random {range:?}, 128 bits"), backend, &backend.random::<u128>(seed, at, range.clone()));
        // Parts before and after the whole is in memory.
        let (whole, len) = (backend.random::<u64>(seed, at, range.clone()), range.len());
        let part = || backend.planes(&whole, len / 3..len - len / 4);
        let (early, all_of_it) = (part(), backend.not(&whole));
        for (name, part) in [("early", &early), ("late", &part()), ("whole", &all_of_it)] {
            all.add(format!("random {range:?}, {name} part"), backend, part);
        }
        let constant = backend.planes(&backend.fill(len, 77u64), len / 3..len);
        all.add(format!("part of a constant of {len}"), backend, &constant);
    }
}

fn views() -> Vec<View> {
    let axis = |size, stride| Axis { size, stride };
    let view = |offset, axes: &[(usize, isize)]| View { offset, axes: axes.iter().map(|&(s, t)| axis(s, t)).collect() };
    vec![
        view(0, &[(1000, 1)]),
        view(7, &[(30, 1)]),
        view(0, &[(25, 1), (40, 25)]),
        view(999, &[(1000, -1)]),
        view(3, &[(7, 100), (1, 5), (9, 2)]),
        view(0, &[(3, 0), (10, 10), (2, 0), (10, 1)]),
        view(5, &[(70, 0), (90, 0)]),
        view(0, &[(0, 1), (5, 1)]),
        view(42, &[]),
        // More axes than a kernel takes, none of which can be joined.
        view(500, &[(2, 1), (2, 3), (2, 7), (2, 15), (2, 31), (2, -63), (2, 127), (2, -5), (2, 11)]),
    ]
}

fn layouts<B: Backend>(backend: &B, all: &mut Results) {
    let a = up::<B, u64>(backend, 2, 1000);
    let packed = up::<B, u64>(backend, 3, tree::plane(1000));
    for view in views() {
        all.add(format!("{view:?}"), backend, &backend.linear(&Linear::View(view.clone()), &a));
        let gradient = up::<B, u64>(backend, 4, view.len());
        let scattered = backend.linear(&Linear::Scatter(view.clone(), 1000), &gradient);
        all.add(format!("transpose of {view:?}"), backend, &scattered);
        all.add(format!("bits {view:?}"), backend, &backend.view_bits(&view, &packed, 1000));
    }
    let along = Along { outer: 4, size: 5, inner: 50 };
    let pick = Pick { along, index: vec![Some(4), None, Some(0), Some(4), Some(2), None, Some(1)] };
    all.add("pick", backend, &backend.linear(&Linear::Pick(pick.clone()), &a));
    let back = up::<B, u64>(backend, 5, pick.out_len());
    all.add("unpick", backend, &backend.linear(&Linear::Unpick(pick), &back));
    let none = Pick { along: Along { size: 0, ..along }, index: vec![None] };
    all.add("pick of nothing", backend, &backend.linear(&Linear::Pick(none.clone()), &up::<B, u64>(backend, 1, 0)));
    all.add("unpick to nothing", backend, &backend.linear(&Linear::Unpick(none), &up::<B, u64>(backend, 1, 200)));
    for backwards in [false, true] {
        all.add("running sum", backend, &backend.linear(&Linear::RunningSum(along, backwards), &a));
    }
    let [b, c] = [6, 7].map(|seed| up::<B, u64>(backend, seed, 30));
    all.add("concat", backend, &backend.concat(&[&a, &b, &c], &[100, 3, 3], 10));
    all.add("concat of wholes", backend, &backend.concat(&[&a, &b], &[1000, 30], 1));
    let small = [8, 9].map(|seed| up::<B, u32>(backend, seed, 30));
    all.add("concat of 32 bits", backend, &backend.concat(&[&small[0], &small[1]], &[3, 3], 10));
    all.add("view of 128 bits", backend, &backend.linear(&Linear::Neg, &up::<B, u128>(backend, 1, 77)));
}

fn geometries() -> Vec<Geometry> {
    let plain = Geometry {
        images: 2,
        groups: 1,
        channels: 3,
        filters: 5,
        input: [7, 6],
        kernel: [3, 3],
        output: [7, 6],
        stride: [1, 1],
        padding: [1, 1],
        dilation: [1, 1],
    };
    vec![
        plain,
        Geometry { groups: 2, output: [3, 2], stride: [2, 3], ..plain },
        Geometry { kernel: [2, 3], output: [5, 3], padding: [0, 1], dilation: [2, 2], stride: [1, 2], ..plain },
        Geometry { images: 3, kernel: [1, 1], padding: [0, 0], ..plain },
        // For the tensor cores: many channels.
        Geometry { channels: 20, filters: 24, ..plain },
    ]
}

fn products<B: Backend>(backend: &B, all: &mut Results) {
    let mut maps = Vec::new();
    let sizes = [(1, 1, 1), (3, 5, 2), (9, 17, 8), (4, 0, 3), (0, 4, 3), (70, 100, 90), (33, 64, 17), (64, 500, 64)];
    for (m, k, n) in sizes {
        let flags = [(false, false), (true, false), (false, true), (true, true)];
        maps.extend(flags.map(|(ta, tb)| Bilinear::MatMul { m, k, n, ta, tb }));
        maps.push(Bilinear::BatchMatMul { batch: 3, m, k, n, ta: true, tb: false });
    }
    for geometry in geometries() {
        maps.extend([Third::Output, Third::Input, Third::Weight].map(|third| Bilinear::Conv { third, geometry }));
    }
    for map in maps {
        let (a, b, out) = map.lens().unwrap();
        let [x, l_x] = [2, 4].map(|seed| up::<B, u64>(backend, seed, a));
        let [y, l_y] = [6, 3].map(|seed| up::<B, u64>(backend, seed, b));
        let dealt = up::<B, u64>(backend, 5, out);
        all.add(format!("{map:?}"), backend, &backend.bilinear(&map, &x, &y));
        for first in [true, false] {
            // Masks that another party has alone are zero here. The second and the third time limbs are kept and used again.
            let [none_x, none_y] = [a, b].map(|len| backend.fill(len, 0u64));
            let masks =
                [[&l_x, &l_y], [&none_x, &l_y], [&l_x, &none_y], [&none_x, &none_y], [&l_x, &l_y], [&l_x, &l_y]];
            // Large maps once: the emulator takes its time.
            let times = if map.work() < 100_000 { masks.len() } else { 1 };
            for (number, masks) in masks.into_iter().take(times).enumerate() {
                let step = Masked { opened: [&x, &y], masks, dealt: &dealt, first };
                all.add(format!("{map:?} of masks {number}"), backend, &backend.masked_bilinear(&map, step));
            }
        }
    }
    // All limbs 255: the largest sums.
    let map = Bilinear::MatMul { m: 17, k: 700, n: 17, ta: false, tb: true };
    let ones = backend.fill(17 * 700, u64::MAX);
    all.add("the largest limbs", backend, &backend.bilinear(&map, &ones, &ones));
    let small = Bilinear::MatMul { m: 5, k: 6, n: 7, ta: false, tb: false };
    let found = backend.bilinear(&small, &up::<B, u32>(backend, 1, 30), &up::<B, u32>(backend, 2, 42));
    all.add("32 bits", backend, &found);
}

fn series<B: Backend>(backend: &B, all: &mut Results) {
    let series = Series {
        period_log2: 5,
        constant: 0.25,
        linear: 0.0,
        sines: &[0.5, -0.125, 0.0625],
        cosines: &[0.25, 0.1, -0.3],
    };
    for first in [true, false] {
        let (m, waves) = (up::<B, u64>(backend, 2, 100), up::<B, u64>(backend, 4, 600));
        for (period_log2, fraction_bits) in [(5, 16), (0, 16), (40, 24), (47, 24)] {
            let series = Series { period_log2, ..series };
            let found = backend.series(&series, fraction_bits, &m, &waves, first);
            all.add(format!("series of period {period_log2} at {fraction_bits}"), backend, &found);
        }
        let (m, waves) = (up::<B, u128>(backend, 2, 10), up::<B, u128>(backend, 4, 60));
        all.add("series of 128 bits", backend, &backend.series(&series, 16, &m, &waves, first));
    }
}

/// The tensor cores from the smallest product on, with operands in parts.
const TUNED: Tuning = Tuning { limbs_from: 1, packed: 1 << 12 };

#[test]
fn every_kernel_gives_what_the_cpu_does() {
    let mut expected = Results::default();
    all(&Cpu::default(), &mut expected);
    for (index, tuning) in gpus().flat_map(|index| [(index, Tuning::default()), (index, TUNED)]) {
        let gpu = Cuda::tuned(index, None, tuning).unwrap();
        let mut found = Results::default();
        all(&gpu, &mut found);
        gpu.check().unwrap();
        assert_eq!(found.0.len(), expected.0.len());
        for ((name, found), (_, expected)) in found.0.iter().zip(&expected.0) {
            let different = found.iter().zip(expected).filter(|(a, b)| a != b).count();
            assert!(found == expected, "{gpu:?}, {tuning:?}: {name}: {different} of {} differ", expected.len());
        }
    }
}

/// Sums of products of limbs stay exact for any depth: they are carried over before they overflow.
#[test]
fn deep_products_are_exact() {
    let map = Bilinear::MatMul { m: 16, k: 40_000, n: 16, ta: false, tb: true };
    let cpu = Cpu::default();
    let ones = vec![u64::MAX - 1; 16 * 40_000];
    let expected = cpu.download(&cpu.bilinear(&map, &cpu.upload(ones.clone()), &cpu.upload(ones.clone())));
    let gpu = Cuda::tuned(gpus().start, None, Tuning { limbs_from: 1, packed: 1 << 25 }).unwrap();
    let found = gpu.download(&gpu.bilinear(&map, &gpu.upload(ones.clone()), &gpu.upload(ones)));
    gpu.check().unwrap();
    assert!(found == expected);
}
