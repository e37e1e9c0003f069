//! Speed of the kernels on a GPU, GPU 0 or that of `MPC_BENCH_GPU`. Products are in ring multiplications a second, the others in
//! bytes that have to be read and written at least: beside the bandwidth of the memory that is how far from the floor they are.
//!
//! ```text
//! cargo bench -p mpc-core --features cuda --bench cuda
//! ```

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpc_core::{
    backend::{Backend, ByBit, Cuda, cuda::CudaArray, tree},
    bilinear::Bilinear,
    conv::{Geometry, Third},
    rand::{Address, Purpose, Seed},
};
use std::time::{Duration, Instant};

type Words = CudaArray<u64>;

/// Elements of everything but products.
const LEN: usize = 10_000_000;

fn random(gpu: &Cuda, op: u64, len: usize) -> Words {
    gpu.random(&Seed::new(&[7; 32]), Address { op, part: 0, purpose: Purpose::Mask }, 0..len)
}

/// The time that the GPU takes for a kernel, many times after each other.
fn measure(c: &mut Criterion, gpu: &Cuda, id: BenchmarkId, work: Throughput, run: impl Fn() -> Words) {
    let mut group = c.benchmark_group("cuda");
    group.sample_size(10).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    group.throughput(work).bench_function(id, |bencher| {
        bencher.iter_custom(|times| {
            let wait = |last: &Words| drop(gpu.download(&gpu.planes(last, 0..1)));
            wait(&run());
            let start = Instant::now();
            let last = (0..times).map(|_| run()).last();
            last.iter().for_each(wait);
            let time = start.elapsed();
            gpu.check().expect("a GPU with enough memory");
            time
        });
    });
    group.finish();
}

fn products(c: &mut Criterion, gpu: &Cuda) {
    let matrices = [1024, 2048, 4096].map(|size| {
        let map = Bilinear::MatMul { m: size, k: size, n: size, ta: false, tb: false };
        (format!("{size}^3"), map)
    });
    // The second and the last stage of ResNet-18 at 224 x 224, of 8 images.
    let stages = [(64, 56), (512, 7)].map(|(channels, size)| {
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
        [Third::Output, Third::Input, Third::Weight].map(|third| {
            (format!("{third:?} of {channels} channels of {size} x {size}"), Bilinear::Conv { third, geometry })
        })
    });
    for (name, map) in matrices.into_iter().chain(stages.into_iter().flatten()) {
        let (a, b, _) = map.lens().expect("small sizes");
        let (a, b) = (random(gpu, 1, a), random(gpu, 2, b));
        let id = BenchmarkId::new("product", name);
        measure(c, gpu, id, Throughput::Elements(map.work() as u64), || gpu.bilinear(&map, &a, &b));
    }
}

fn kernels(c: &mut Criterion) {
    let index = std::env::var("MPC_BENCH_GPU").ok().and_then(|index| index.parse().ok()).unwrap_or(0);
    let gpu = &Cuda::new(index, None).expect("a GPU");
    products(c, gpu);
    let (len, width) = (LEN, tree::plane(LEN));
    let level = &tree::levels(tree::nibbles(64))[0];
    let (a, b, dealt) = (random(gpu, 1, len), random(gpu, 2, len), random(gpu, 3, len));
    let bits = random(gpu, 4, width);
    let tables = random(gpu, 5, len * tree::table_words(64));
    let [leaves, opened, monomials] =
        [2 * level.pairs, level.opened, level.monomials].map(|planes| random(gpu, 6, planes * width));
    let planes = 2 * level.pairs + 2 * level.opened + level.monomials + 2 * level.nodes.len();
    let mut each = |name: &str, bytes: usize, run: &dyn Fn() -> Words| {
        measure(c, gpu, BenchmarkId::from_parameter(name), Throughput::Bytes(bytes as u64), run);
    };
    each("add", 24 * len, &|| gpu.add(&a, &b));
    each("random", 8 * len, &|| random(gpu, 9, len));
    each("top bits", 8 * len + 8 * width, &|| gpu.top_bits(&a));
    each("nibbles", 40 * len + 8 * 32 * width, &|| gpu.nibbles(&a, &tables));
    each("tree level", 8 * planes * width, &|| gpu.tree_level(level, &leaves, &opened, &opened, &monomials, true));
    each("choose", 24 * len + 8 * width, &|| gpu.choose(&bits, &a, &b));
    each("truncate by a bit", 24 * len + 24 * width, &|| {
        let step = ByBit { z: &a, opened: [&bits, &bits], mask: &bits, products: &dealt, bits: 16, first: true };
        gpu.truncate_by_bit(step)
    });
    each("truncate opened", 32 * len, &|| gpu.truncate_opened(&a, &b, &dealt, 16, true));
}

criterion_group!(benches, kernels);
criterion_main!(benches);
