//! Ring multiplications a second of the kernels behind matrix products and convolutions, at every level of instructions
//! that this processor has, over 64-bit words.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo bench -p mpc-core --bench kernels
//! cargo bench -p mpc-core --bench kernels -- 'matmul 1024.*ifma'
//! ```

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mpc_core::{
    backend::{Backend, Cpu, Level},
    bilinear::Bilinear,
    conv::{Geometry, Third},
};
use std::{hint::black_box, time::Duration};

/// 3x3 with padding, on squares.
fn conv(images: usize, channels: usize, filters: usize, side: usize, third: Third) -> Bilinear {
    let (input, kernel, ones) = ([side, side], [3, 3], [1, 1]);
    let geometry = Geometry {
        images,
        groups: 1,
        channels,
        filters,
        input,
        kernel,
        output: input,
        stride: ones,
        padding: ones,
        dilation: ones,
    };
    Bilinear::Conv { third, geometry }
}

fn matmul(m: usize, k: usize, n: usize) -> Bilinear {
    Bilinear::MatMul { m, k, n, ta: false, tb: false }
}

fn kernels(c: &mut Criterion) {
    let maps = [
        ("matmul 64", matmul(64, 64, 64)),
        ("matmul 128x784x128", matmul(128, 784, 128)),
        ("matmul 512", matmul(512, 512, 512)),
        ("matmul 1024", matmul(1024, 1024, 1024)),
        ("matmul 1024 transposed", Bilinear::MatMul { m: 1024, k: 1024, n: 1024, ta: true, tb: true }),
        ("matrix times vector 4096", matmul(4096, 4096, 1)),
        ("vector times matrix 4096", matmul(1, 4096, 4096)),
        ("batch of 64 matmul 64", Bilinear::BatchMatMul { batch: 64, m: 64, k: 64, n: 64, ta: false, tb: true }),
        ("conv 64x56x56 output", conv(1, 64, 64, 56, Third::Output)),
        ("conv 64x56x56 input", conv(1, 64, 64, 56, Third::Input)),
        ("conv 64x56x56 weight", conv(1, 64, 64, 56, Third::Weight)),
        ("conv 32 of 256x7x7 output", conv(32, 256, 256, 7, Third::Output)),
    ];
    for (name, map) in maps {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(map.work() as u64)).sample_size(10);
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(1500));
        for level in Level::ALL.into_iter().filter(|level| level.supported()) {
            let cpu = Cpu::new(level);
            let (a, b, _) = map.lens().unwrap_or_default();
            let words = |seed: u64, len: usize| {
                cpu.upload((0..len as u64).map(|i| (i + seed).wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect::<Vec<_>>())
            };
            let (a, b) = (words(1, a), words(2, b));
            group.bench_function(BenchmarkId::from_parameter(level), |bench| {
                bench.iter(|| cpu.bilinear(&map, black_box(&a), black_box(&b)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
