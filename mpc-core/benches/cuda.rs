//! Speed of the kernels on a GPU, GPU 0 or that of `MPC_BENCH_GPU`, beside what it can do at best: products in ring
//! multiplications a second, beside those of its tensor cores; all others in bytes that have to be read and written at least,
//! beside the bandwidth of its memory; what leaves it in bytes a second.
//!
//! ```text
//! cargo bench -p mpc-core --features cuda --bench cuda               # a table
//! cargo bench -p mpc-core --features cuda --bench cuda -- product    # of the kernels with this in their names
//! cargo bench -p mpc-core --features cuda --bench cuda -- --tiny     # of no use but to see that all of them run
//! ```

#![allow(clippy::print_stdout, reason = "a table for whoever runs it")]

use mpc_core::{
    backend::{Add, Backend, ByBit, Cuda, Deals, Exponential, Masked, Series, Set, cuda::CudaArray, exponential, tree},
    bilinear::Bilinear,
    conv::{Geometry, Third},
    rand::{Address, Prg, Purpose, Seed},
};
use std::{
    env,
    time::{Duration, Instant},
};

type Words = CudaArray<u64>;

/// Long enough for the clocks to settle.
const MEASURED: Duration = Duration::from_millis(300);
const ROUNDS: usize = 5;

const AT: Address = Address { op: 7, part: 0, purpose: Purpose::Mask };

fn seed(prg: Prg) -> Seed {
    Seed::new(prg, &[7; 32])
}

/// Random words in memory.
fn random(gpu: &Cuda, op: u64, len: usize) -> Words {
    let random = gpu.random(&seed(Prg::default()), Address { op, ..AT }, 0..len);
    gpu.not(&random)
}

/// What is counted.
#[derive(Clone, Copy)]
enum Work {
    /// Ring multiplications.
    Products(usize),
    /// Bytes that cross the GPU's memory at least.
    Bytes(usize),
    /// Bytes that leave it.
    Leaving(usize),
}

struct Bench {
    gpu: Cuda,
    tiny: bool,
    filter: String,
}

impl Bench {
    /// Seconds of `run`, one after the other: the median of some rounds.
    fn seconds(&self, run: &dyn Fn() -> Words) -> f64 {
        let gpu = &self.gpu;
        let wait = |last: &Words| drop(gpu.download(&gpu.planes(last, 0..1)));
        let round = |times: u32| {
            let start = Instant::now();
            let last = (0..times).map(|_| run()).last();
            last.iter().for_each(wait);
            start.elapsed().as_secs_f64() / f64::from(times)
        };
        // Twice: some things are kept from the second time on.
        let once = round(2).min(round(2)).max(1e-7);
        let times = if self.tiny { 1 } else { (MEASURED.as_secs_f64() / ROUNDS as f64 / once).clamp(2.0, 1e4) as u32 };
        let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| round(times)).collect();
        rounds.sort_by(f64::total_cmp);
        gpu.check().expect("a GPU with enough memory");
        rounds[ROUNDS / 2]
    }

    /// A row of the table.
    fn row(&self, name: &str, work: Work, run: &dyn Fn() -> Words) {
        if !name.contains(&self.filter) {
            return;
        }
        let (seconds, ceilings) = (self.seconds(run), self.gpu.ceilings());
        let (rate, unit, of) = match work {
            Work::Products(count) => (count as f64 / 1e12, "T/s", ceilings.map(|at| at.products)),
            Work::Bytes(count) => (count as f64 / 1e9, "GB/s", ceilings.map(|at| at.bytes)),
            Work::Leaving(count) => (count as f64 / 1e9, "GB/s", None),
        };
        let (rate, scale) = (rate / seconds, if unit == "T/s" { 1e12 } else { 1e9 });
        let part = of.map_or_else(String::new, |of| format!("{:.0} %", 100.0 * rate * scale / of));
        println!("| {name} | {:.3} ms | {rate:.3} {unit} | {part} |", 1e3 * seconds);
    }

    /// 8 bytes for each element.
    fn len(&self) -> usize {
        if self.tiny { 1000 } else { 10_000_000 }
    }
}

fn products(bench: &Bench) {
    let gpu = &bench.gpu;
    let sizes = if bench.tiny { vec![64] } else { vec![1024, 2048, 4096, 8192] };
    let mut maps = Vec::new();
    for size in sizes {
        maps.push((format!("{size}^3"), Bilinear::MatMul { m: size, k: size, n: size, ta: false, tb: true }));
    }
    // The second and the last stage of ResNet-18 at 224 x 224, of 8 images.
    for (channels, size) in if bench.tiny { vec![(16, 7)] } else { vec![(64, 56), (512, 7)] } {
        let geometry = Geometry {
            images: 8,
            groups: 1,
            channels,
            filters: channels,
            input: [size, size],
            kernel: [3, 3],
            output: [size, size],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
        };
        for third in [Third::Output, Third::Input, Third::Weight] {
            let name = format!("{third:?} of {channels} channels of {size} x {size}");
            maps.push((name, Bilinear::Conv { third, geometry }));
        }
    }
    for (name, map) in maps {
        let (a, b, out) = map.lens().expect("small sizes");
        let dealt = random(gpu, 5, out);
        // New arrays for each product, as activations are: their limbs are written each time.
        let fresh = || [random(gpu, 1, a), random(gpu, 2, b), random(gpu, 3, a), random(gpu, 4, b)];
        let [x, w, l_x, l_w] = fresh();
        let masked = |[x, w, l_x, l_w]: [&Words; 4]| {
            gpu.masked_bilinear(&map, Masked { opened: [x, w], masks: [l_x, l_w], dealt: &dealt, first: true })
        };
        bench.row(&format!("product, limbs kept: {name}"), Work::Products(map.work()), &|| gpu.bilinear(&map, &x, &w));
        let both = Work::Products(2 * map.work());
        bench.row(&format!("masked product, limbs kept: {name}"), both, &|| masked([&x, &w, &l_x, &l_w]));
        // A copy is another array. It takes the time of a few bytes an element.
        let copied = |a: &Words| gpu.concat(&[a], &[gpu.len(a)], 1);
        bench.row(&format!("masked product, weights kept: {name}"), both, &|| masked([&copied(&x), &w, &l_x, &l_w]));
        bench.row(&format!("masked product: {name}"), both, &|| masked([&copied(&x), &copied(&w), &l_x, &l_w]));
    }
}

fn parties(bench: &Bench) {
    let (gpu, len) = (&bench.gpu, bench.len());
    let width = tree::plane(len);
    let level = &tree::levels(tree::nibbles(64))[0];
    let (a, b, dealt) = (random(gpu, 1, len), random(gpu, 2, len), random(gpu, 3, len));
    let bits = random(gpu, 4, width);
    let tables = random(gpu, 5, len * tree::table_words(64));
    let [leaves, opened, monomials] =
        [2 * level.pairs, level.opened, level.monomials].map(|planes| random(gpu, 6, planes * width));
    let planes = 2 * level.pairs + 2 * level.opened + level.monomials + 2 * level.nodes.len();
    let each = |name: &str, bytes: usize, run: &dyn Fn() -> Words| bench.row(name, Work::Bytes(bytes), run);
    each("add", 24 * len, &|| gpu.add(&a, &b));
    for prg in Prg::ALL {
        let seeds = [seed(prg)].into();
        each(&format!("random, {prg}"), 8 * len, &|| gpu.total(&seeds, AT, 0..len, Add::Sum));
    }
    each("top bits", 8 * len + 8 * width, &|| gpu.top_bits(&a));
    each("nibbles", 40 * len + 8 * 32 * width, &|| gpu.nibbles(&a, &tables));
    each("tree level", 8 * planes * width, &|| gpu.tree_level(level, &leaves, &opened, &opened, &monomials, true));
    each("choose", 24 * len + 8 * width, &|| gpu.choose(&bits, &a, &b));
    each("truncate by a bit", 24 * len + 24 * width, &|| {
        let step = ByBit { z: &a, opened: [&bits, &bits], mask: &bits, products: &dealt, bits: 16, first: true };
        gpu.truncate_by_bit(step)
    });
    each("truncate opened", 32 * len, &|| gpu.truncate_opened(&a, &b, &dealt, 16, true));
    let (few, harmonics) = (len / 10, 16);
    let waves = random(gpu, 7, 2 * harmonics * few);
    let some = gpu.planes(&a, 0..few);
    let series = Series { period_log2: 5, constant: 0.5, linear: 0.0, sines: &[0.3; 16], cosines: &[0.2; 16] };
    each("series of 16 harmonics", 8 * (2 + 2 * harmonics) * few, &|| gpu.series(&series, 16, &some, &waves, true));
    let decays = gpu.random::<u128>(&seed(Prg::default()), AT, 0..2 * few);
    let window = exponential::Window { log2: 21, from: 16 };
    let e = Exponential { to: 16, start: -726_817, window };
    each("exponential", 48 * few, &|| gpu.exponential(&e, &some, &decays, 1 << 64));
    // What leaves, alone and while the GPU computes.
    bench.row("leave", Work::Leaving(8 * len), &|| {
        drop(gpu.to_wire(&a).arrived());
        gpu.planes(&a, 0..1)
    });
    bench.row("leave while 20 additions run", Work::Leaving(8 * len), &|| {
        let leaving = gpu.to_wire(&a);
        let last = (0..20).fold(a.clone(), |sum, _| gpu.add(&sum, &b));
        drop(leaving.arrived());
        last
    });
    bench.row("20 additions", Work::Bytes(20 * 24 * len), &|| (0..20).fold(a.clone(), |sum, _| gpu.add(&sum, &b)));
}

/// All kernels of a party for a ReLU of shares, from share to share, as `protocol/dealer` runs them, without what travels: the
/// other party's parts and the dealer's corrections are in memory. The bytes are those that come in (the share, what is
/// dealt, what others open) and go out (what is opened, the result), each once: what no fusion of kernels could save.
fn relu(bench: &Bench) {
    let (gpu, len) = (&bench.gpu, bench.len());
    let (width, levels) = (tree::plane(len), tree::levels(tree::nibbles(64)));
    let [x, other, beta, product] = [1, 2, 3, 4].map(|op| random(gpu, op, len));
    let tables = random(gpu, 5, len * tree::table_words(64));
    let parts: Vec<_> = levels
        .iter()
        .map(|level| [level.opened, level.monomials].map(|planes| random(gpu, 6, planes * width)))
        .collect();
    let last = random(gpu, 7, width);
    let mask = |op, len| gpu.random::<u64>(&seed(Prg::default()), Address { op, ..AT }, 0..len);
    let run = || {
        let m = gpu.add(&gpu.add(&x, &mask(11, len)), &other);
        let mut leaves = gpu.nibbles(&gpu.add_scalar(&m, 0), &tables);
        let signs = gpu.top_bits(&m);
        for (level, [others, monomials]) in levels.iter().zip(&parts) {
            let plane = |at: usize| gpu.planes(&leaves, at * width..(at + 1) * width);
            let planes: Vec<_> = level.nodes.iter().flat_map(|node| node.variables(level.pairs)).map(plane).collect();
            let masks = mask(12, level.opened * width);
            let hidden = gpu.xor(&gpu.stack(&planes.iter().collect::<Vec<_>>()), &masks);
            leaves = gpu.tree_level(level, &leaves, &gpu.xor(&hidden, others), &masks, monomials, true);
        }
        let bit = gpu.xor(&gpu.planes(&leaves, 0..width), &signs);
        let e = gpu.xor(&gpu.xor(&bit, &mask(13, width)), &last);
        gpu.flip(&e, &x, &gpu.product_less(&m, &beta, &product))
    };
    let words = len * (6 + tree::table_words(64)); // the share, two parts of an opening, beta, a product, the result
    let planes = 2 * tree::opened_bits(64) + tree::monomial_bits(64) + 2;
    bench.row("ReLU, all kernels of a party", Work::Bytes(8 * (words + planes * width)), &run);
}

fn dealer(bench: &Bench) {
    let (gpu, len) = (&bench.gpu, bench.len());
    let (masks, width) = (random(gpu, 1, len), tree::plane(len));
    let seeds = [1, 2].map(|key| Seed::new(Prg::default(), &[key; 32])).into();
    let each = |name: &str, bytes: usize, run: &dyn Fn() -> Words| bench.row(name, Work::Bytes(bytes), run);
    each("dealer: sum of two seeds", 24 * len, &|| gpu.total(&seeds, AT, 0..len, Add::Sum));
    let others = random(gpu, 2, len * tree::table_words(64));
    each("dealer: tables", 72 * len, &|| gpu.tables(&masks, &others, true));
    let (planes, sets) = (random(gpu, 3, tree::opened_bits(64) * width), Set::of_tree(64));
    let bytes = 8 * (tree::opened_bits(64) + sets.len()) * width;
    each("dealer: monomials", bytes, &|| gpu.all_of(&sets, &planes, width));
    let (few, harmonics) = (len / 10, 16);
    let (some, others) = (gpu.planes(&masks, 0..few), random(gpu, 4, 2 * harmonics * few));
    each("dealer: waves", 8 * (1 + 4 * harmonics) * few, &|| gpu.waves((5, 16), harmonics, &some, &others));
    // Rows are timed by the stream, whichever array is waited for.
    let wide = |result: CudaArray<u128>| {
        drop(result);
        gpu.planes(&masks, 0..1)
    };
    each("dealer: sum of two seeds, 128 bits", 48 * len, &|| wide(gpu.total(&seeds, AT, 0..len, Add::Sum)));
    let (others, window) =
        (gpu.random(&seed(Prg::default()), AT, 0..2 * few), exponential::Window { log2: 21, from: 16 });
    each("dealer: decays", 72 * few, &|| wide(gpu.decays(window, &some, &others)));
}

fn main() {
    let index = env::var("MPC_BENCH_GPU").ok().and_then(|index| index.parse().ok()).unwrap_or(0);
    let gpu = Cuda::new(index, None).expect("a GPU");
    let arguments: Vec<String> = env::args().skip(1).collect();
    let filter = arguments.iter().find(|argument| !argument.starts_with('-')).cloned().unwrap_or_default();
    let bench = Bench { gpu, tiny: arguments.iter().any(|argument| argument == "--tiny"), filter };
    match bench.gpu.ceilings() {
        Some(at) => {
            let (gpu, products, bytes) = (bench.gpu.name(), at.products / 1e12, at.bytes / 1e9);
            println!("{gpu}: at best {products:.1} T ring multiplications and {bytes:.0} GB a second\n");
        }
        None => println!("{}: the driver does not say what it can do at best\n", bench.gpu.name()),
    }
    println!("| kernel | time | rate | of the best |\n|---|---|---|---|");
    products(&bench);
    relu(&bench);
    parties(&bench);
    dealer(&bench);
}
