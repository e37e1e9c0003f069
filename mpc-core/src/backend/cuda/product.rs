//! Bilinear maps as products of matrices: on the tensor cores by limbs where there is enough to do, else in 64-bit integers.

use super::{
    Tuning,
    array::CudaArray,
    gpu::Gpu,
    kernels::{Kind, LimbProduct, Limbs, Operand, Product, Shape, Target},
};
use crate::{
    bilinear::Bilinear,
    conv::{Geometry, Third},
};
use std::rc::Rc;

/// Lanes of a block, and depths of a step, of both kernels.
const TILE: usize = 64;
const STEP: usize = 16;
const LIMB_STEP: usize = 32;
/// Shared memory of a block.
const SHARED: u32 = 2 * (TILE * STEP * 8) as u32;
const LIMB_SHARED: u32 = 1 << 16;
/// The most blocks along the second and third side of a grid.
const MOST_BLOCKS: usize = 65535;
/// The fewest steps that a part of the depth has.
const PART: usize = 8;

/// `result += left * right`, as often as `batches` says, or minus that.
#[derive(Clone, Copy)]
struct Plan {
    left: Operand,
    right: Operand,
    shape: Shape,
    result: Target,
    batches: usize,
    rows: usize,
    columns: usize,
    depth: usize,
}

/// Adds a bilinear map to `out`, or subtracts it. False if it is not one for these kernels: sizes beyond 2^32.
pub(super) fn add_to(
    gpu: &Rc<Gpu>,
    tuning: Tuning,
    map: &Bilinear,
    [a, b]: [&CudaArray<u64>; 2],
    negative: bool,
    out: &CudaArray<u64>,
) -> bool {
    let Some(plan) = plan(map, [a.at(), b.at()], negative, out.at()) else { return false };
    if plan.batches * plan.rows * plan.columns * plan.depth == 0 {
        return true;
    }
    let work = plan.batches.saturating_mul(plan.rows).saturating_mul(plan.columns).saturating_mul(plan.depth);
    let narrow = plan.rows.min(plan.columns) < TILE / 4 || plan.depth < LIMB_STEP;
    if gpu.tensor_cores && work >= tuning.limbs_from && !narrow {
        plan.by_limbs(gpu, tuning.packed)
    } else {
        plan.by_words(gpu)
    }
    true
}

fn plan(map: &Bilinear, [a, b]: [u64; 2], negative: bool, out: u64) -> Option<Plan> {
    let matrix = |data, strides: [usize; 3]| Operand { data, kind: Kind::Matrix, strides: strides.map(|at| at as u64) };
    let target = |batch: usize, row: usize, outer: usize, inner: usize| {
        let [batch, row, outer, inner] = [batch, row, outer, inner].map(|at| at as u64);
        Target { data: out, batch, row, outer, inner, negative: u64::from(negative), shared: 0 }
    };
    let plan = match *map {
        Bilinear::Mul { .. } => return None,
        Bilinear::MatMul { m, k, n, ta, tb } => {
            return self::plan(&Bilinear::BatchMatMul { batch: 1, m, k, n, ta, tb }, [a, b], negative, out);
        }
        Bilinear::BatchMatMul { batch, m, k, n, ta, tb } => Plan {
            left: matrix(a, if ta { [m * k, 1, m] } else { [m * k, k, 1] }),
            right: matrix(b, if tb { [k * n, k, 1] } else { [k * n, 1, n] }),
            shape: Shape::default(),
            result: target(m * n, n, 0, n.max(1)),
            batches: batch,
            rows: m,
            columns: n,
            depth: k,
        },
        Bilinear::Conv { third, geometry } => {
            let Geometry { images, groups, channels, filters, input, kernel, output, stride, padding, dilation } =
                geometry;
            if stride.contains(&0) {
                return None;
            }
            let (places, pixels, taps) = (input[0] * input[1], output[0] * output[1], kernel[0] * kernel[1]);
            let words = |pair: [usize; 2]| pair.map(|at| at as u64);
            let shape = Shape {
                counts: [images, groups, channels, filters].map(|count| count as u64),
                input: words(input),
                kernel: words(kernel),
                output: words(output),
                stride: words(stride),
                padding: words(padding),
                dilation: words(dilation),
            };
            let special = |data, kind| Operand { data, kind, strides: [0; 3] };
            let all_taps = channels * taps;
            let plan = |left, right, result, rows, columns, depth| Plan {
                left,
                right,
                shape,
                result,
                batches: groups,
                rows,
                columns,
                depth,
            };
            match third {
                Third::Output => plan(
                    matrix(b, [filters * all_taps, all_taps, 1]),
                    special(a, Kind::Patches),
                    target(filters * pixels, pixels, groups * filters * pixels, pixels.max(1)),
                    filters,
                    images * pixels,
                    all_taps,
                ),
                Third::Input => plan(
                    special(b, Kind::WeightsAcross),
                    special(a, Kind::Spread),
                    target(channels * places, places, groups * channels * places, places.max(1)),
                    channels,
                    images * places,
                    filters * taps,
                ),
                Third::Weight => plan(
                    special(b, Kind::Pixels),
                    special(a, Kind::PatchesAcross),
                    target(filters * all_taps, all_taps, 0, all_taps.max(1)),
                    filters,
                    all_taps,
                    images * pixels,
                ),
            }
        }
    };
    // Kernels count lanes and depths in 32 bits; only matrices can be cut into batches and rows.
    let Plan { batches, rows, columns, depth, .. } = plan;
    let small = [batches, rows, columns, depth].into_iter().all(|size| size < 1 << 31);
    let matrices = plan.left.kind == Kind::Matrix && plan.right.kind == Kind::Matrix;
    (small && (matrices || batches <= MOST_BLOCKS / 64 && rows <= MOST_BLOCKS * TILE)).then_some(plan)
}

impl Operand {
    /// From another batch and lane on: of matrices.
    fn skip(self, batch: usize, lane: usize) -> Self {
        let elements = batch as u64 * self.strides[0] + lane as u64 * self.strides[1];
        Self { data: self.data + 8 * elements, ..self }
    }
}

/// In how many parts the depth is split, so that there is work for every multiprocessor.
fn parts(gpu: &Gpu, blocks: usize, steps: usize) -> usize {
    let wanted = (2 * gpu.processors as usize).div_ceil(blocks.max(1));
    wanted.clamp(1, (steps / PART).clamp(1, 64))
}

impl Plan {
    fn by_words(self, gpu: &Gpu) {
        let Self { left, right, shape, result, batches, rows, columns, depth } = self;
        let blocks = |lanes: usize| lanes.div_ceil(TILE);
        let parts = parts(gpu, batches * blocks(rows) * blocks(columns), depth.div_ceil(STEP));
        let most = MOST_BLOCKS / parts;
        for batch in (0..batches).step_by(most) {
            for row in (0..rows).step_by(MOST_BLOCKS * TILE) {
                let (some, height) = (most.min(batches - batch), (MOST_BLOCKS * TILE).min(rows - row));
                let data = result.data + 8 * (batch as u64 * result.batch + row as u64 * result.row);
                let grid = [blocks(columns), blocks(height), some * parts].map(|side| side as u32);
                let args = Product {
                    left: left.skip(batch, row),
                    right: right.skip(batch, 0),
                    shape,
                    result: Target { data, shared: u64::from(parts > 1), ..result },
                    rows: height as u64,
                    columns: columns as u64,
                    depth: depth as u64,
                    parts: parts as u64,
                };
                gpu.launch(grid, SHARED, &args);
            }
        }
    }

    /// Both operands are written as limbs, as much of them at a time as fits in `packed` elements each.
    fn by_limbs(self, gpu: &Rc<Gpu>, packed: usize) {
        let Self { batches, rows, columns, depth, .. } = self;
        let up = |lanes: usize| lanes.div_ceil(TILE) * TILE;
        let tall = up(rows).min((packed / LIMB_STEP / TILE).max(1) * TILE);
        let deep = (packed / tall / LIMB_STEP).max(1) * LIMB_STEP;
        let deep = deep.min(depth.div_ceil(LIMB_STEP) * LIMB_STEP);
        let wide = up(columns).min((packed / deep / TILE).max(1) * TILE);
        let some = (packed / deep / tall.max(wide)).clamp(1, batches).min(MOST_BLOCKS / 64);
        for batch in (0..batches).step_by(some) {
            let batches = some.min(batches - batch);
            for from in (0..depth).step_by(deep) {
                let steps = deep.min(depth - from).div_ceil(LIMB_STEP);
                for row in (0..rows).step_by(tall) {
                    let (left, left_tiles) =
                        self.limbs(gpu, self.left, rows, [batch, row, from], [batches, tall.min(rows - row), steps]);
                    for column in (0..columns).step_by(wide) {
                        let width = wide.min(columns - column);
                        let (right, right_tiles) =
                            self.limbs(gpu, self.right, columns, [batch, column, from], [batches, width, steps]);
                        let blocks = [right_tiles / 4, left_tiles / 4];
                        let parts = parts(gpu, batches * blocks[0] * blocks[1], steps);
                        let grid = [blocks[0], blocks[1], batches * parts].map(|side| side as u32);
                        let args = LimbProduct {
                            left: left.at(),
                            right: right.at(),
                            result: Target { shared: u64::from(parts > 1), ..self.result },
                            batch: batch as u64,
                            row: row as u64,
                            column: column as u64,
                            rows: rows as u64,
                            columns: columns as u64,
                            left_tiles: left_tiles as u64,
                            right_tiles: right_tiles as u64,
                            steps: steps as u64,
                            parts: parts as u64,
                        };
                        gpu.launch(grid, LIMB_SHARED, &args);
                    }
                }
            }
        }
    }

    /// A part of an operand as limbs, and of how many tiles of 16 lanes: whole blocks.
    fn limbs(
        &self,
        gpu: &Rc<Gpu>,
        from: Operand,
        lanes: usize,
        [batch, lane, depth]: [usize; 3],
        [batches, height, steps]: [usize; 3],
    ) -> (CudaArray<u64>, usize) {
        let tiles = height.div_ceil(TILE) * (TILE / 16);
        let packed = CudaArray::room(gpu, batches * tiles * 16 * steps * LIMB_STEP);
        let threads = (packed.len() / 4) as u64;
        let args = Limbs {
            threads,
            from,
            shape: self.shape,
            out: packed.at(),
            batch: batch as u64,
            lane: lane as u64,
            depth: depth as u64,
            lanes: lanes as u64,
            depths: self.depth as u64,
            tiles: tiles as u64,
            steps: steps as u64,
        };
        gpu.each(threads, &args);
        (packed, tiles)
    }
}
