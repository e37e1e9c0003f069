//! Bilinear maps as products of matrices: on the tensor cores by limbs where there is enough to do, else in 64-bit integers.

use super::{
    Tuning,
    array::{CudaArray, Identity},
    gpu::Gpu,
    kernels::{Kind, LimbProduct, Limbs, Operand, Product, Shape, Target},
    packs::Key,
};
use crate::{
    bilinear::Bilinear,
    conv::{Geometry, Third},
};
use smallvec::SmallVec;
use std::rc::Rc;

type Words = CudaArray<u64>;

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

/// A factor: one array less another, of which one may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Factor<'a> {
    data: Option<&'a Words>,
    less: Option<&'a Words>,
    /// What its limbs are kept beside.
    beside: &'a Words,
}

impl<'a> Factor<'a> {
    pub(super) fn of(data: &'a Words) -> Self {
        Self { data: Some(data), less: None, beside: data }
    }

    /// `data - less`, or `-less`: of a wire that was opened as `beside`.
    pub(super) fn less(data: Option<&'a Words>, less: &'a Words, beside: &'a Words) -> Self {
        Self { data, less: Some(less), beside }
    }

    fn at(&self) -> [u64; 2] {
        [self.data, self.less].map(|array| array.map_or(0, CudaArray::at))
    }
}

/// Products of a left and a right factor that are added up: at most two, of the same sizes.
type Products<'a> = SmallVec<[[Factor<'a>; 2]; 2]>;

/// How the elements of a factor lie.
#[derive(Clone, Copy)]
struct Layout {
    kind: Kind,
    strides: [usize; 3],
}

/// A product of matrices, as often as `batches` says.
#[derive(Clone, Copy)]
struct Plan {
    /// Of the left and of the right factor.
    layouts: [Layout; 2],
    /// Whether the left factor is the map's second argument.
    swapped: bool,
    shape: Shape,
    result: Target,
    batches: usize,
    rows: usize,
    columns: usize,
    depth: usize,
}

/// The sum of a bilinear map of pairs of factors, at most two, and of `base`. Nothing if it is not one for these kernels: sizes
/// beyond 2^32.
pub(super) fn sum(
    gpu: &Rc<Gpu>,
    tuning: Tuning,
    map: &Bilinear,
    pairs: &[[Factor<'_>; 2]],
    base: Option<&Words>,
) -> Option<Words> {
    let plan = plan(map)?;
    let work = plan.batches.saturating_mul(plan.rows).saturating_mul(plan.columns).saturating_mul(plan.depth);
    if work == 0 || pairs.is_empty() {
        return Some(base.cloned().unwrap_or_else(|| CudaArray::zeros(gpu, map.out_len())));
    }
    let products = pairs.iter().map(|&[a, b]| if plan.swapped { [b, a] } else { [a, b] }).collect();
    let out = CudaArray::room(gpu, map.out_len());
    let narrow = plan.rows.min(plan.columns) < TILE / 4 || plan.depth < LIMB_STEP;
    if gpu.tensor_cores && work >= tuning.limbs_from && !narrow {
        plan.by_limbs(gpu, &products, base, &out, tuning.packed);
    } else {
        plan.by_words(gpu, &products, base, &out);
    }
    Some(out)
}

fn plan(map: &Bilinear) -> Option<Plan> {
    let matrix = |strides| Layout { kind: Kind::Matrix, strides };
    let target = |batch: usize, row: usize, outer: usize, inner: usize| {
        let [batch, row, outer, inner] = [batch, row, outer, inner].map(|at| at as u64);
        Target { batch, row, outer, inner, ..Target::default() }
    };
    let plan = match *map {
        Bilinear::Mul { .. } => return None,
        Bilinear::MatMul { m, k, n, ta, tb } => {
            return self::plan(&Bilinear::BatchMatMul { batch: 1, m, k, n, ta, tb });
        }
        Bilinear::BatchMatMul { batch, m, k, n, ta, tb } => Plan {
            layouts: [
                matrix(if ta { [m * k, 1, m] } else { [m * k, k, 1] }),
                matrix(if tb { [k * n, k, 1] } else { [k * n, 1, n] }),
            ],
            swapped: false,
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
            let special = |kind| Layout { kind, strides: [0; 3] };
            let all_taps = channels * taps;
            let plan = |left, right, result, rows, columns, depth| Plan {
                layouts: [left, right],
                swapped: true,
                shape,
                result,
                batches: groups,
                rows,
                columns,
                depth,
            };
            match third {
                Third::Output => plan(
                    matrix([filters * all_taps, all_taps, 1]),
                    special(Kind::Patches),
                    target(filters * pixels, pixels, groups * filters * pixels, pixels.max(1)),
                    filters,
                    images * pixels,
                    all_taps,
                ),
                Third::Input => plan(
                    special(Kind::WeightsAcross),
                    special(Kind::Spread),
                    target(channels * places, places, groups * channels * places, places.max(1)),
                    channels,
                    images * places,
                    filters * taps,
                ),
                Third::Weight => plan(
                    special(Kind::Pixels),
                    special(Kind::PatchesAcross),
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
    let matrices = plan.layouts.iter().all(|layout| layout.kind == Kind::Matrix);
    (small && (matrices || batches <= MOST_BLOCKS / 64 && rows <= MOST_BLOCKS * TILE)).then_some(plan)
}

/// An address so many elements further on, if there is one.
fn skip(at: u64, elements: u64) -> u64 {
    if at == 0 { 0 } else { at + 8 * elements }
}

/// In how many parts the depth is split, so that there is work for every multiprocessor.
fn parts(gpu: &Gpu, blocks: usize, steps: usize) -> usize {
    let wanted = (2 * gpu.processors as usize).div_ceil(blocks.max(1));
    wanted.clamp(1, (steps / PART).clamp(1, 64))
}

impl Plan {
    /// The result, where it is. If several blocks add to one element, they need something to add to.
    fn target(&self, gpu: &Rc<Gpu>, base: Option<&Words>, out: &Words, shared: bool) -> Target {
        let (data, base_at) = (out.at(), base.map_or(0, CudaArray::at));
        if shared {
            match base {
                Some(base) => gpu.copy_within(base_at, data, base.bytes()),
                None => gpu.fill_zeros(data, out.len()),
            }
        }
        Target { data, base: base_at, fresh: u64::from(!shared), shared: u64::from(shared), ..self.result }
    }

    fn by_words(self, gpu: &Rc<Gpu>, products: &Products<'_>, base: Option<&Words>, out: &Words) {
        let Self { layouts, shape, batches, rows, columns, depth, .. } = self;
        let blocks = |lanes: usize| lanes.div_ceil(TILE);
        let steps = products.len() * depth.div_ceil(STEP);
        let parts = parts(gpu, batches * blocks(rows) * blocks(columns), steps);
        let result = self.target(gpu, base, out, parts > 1);
        let most = MOST_BLOCKS / parts;
        for batch in (0..batches).step_by(most) {
            for row in (0..rows).step_by(MOST_BLOCKS * TILE) {
                let (some, height) = (most.min(batches - batch), (MOST_BLOCKS * TILE).min(rows - row));
                let before = batch as u64 * result.batch + row as u64 * result.row;
                let grid = [blocks(columns), blocks(height), some * parts].map(|side| side as u32);
                let operand = |side: usize| {
                    let Layout { kind, strides } = layouts[side];
                    let before = (batch * strides[0] + if side == 0 { row * strides[1] } else { 0 }) as u64;
                    let at = |product: usize| products.get(product).map_or([0; 2], |factors| factors[side].at());
                    let [[a, b], [c, d]] = [at(0), at(1)].map(|pair| pair.map(|at| skip(at, before)));
                    Operand { data: [a, c], less: [b, d], kind, strides: strides.map(|at| at as u64) }
                };
                let args = Product {
                    left: operand(0),
                    right: operand(1),
                    shape,
                    result: Target { data: skip(result.data, before), base: skip(result.base, before), ..result },
                    rows: height as u64,
                    columns: columns as u64,
                    depth: depth as u64,
                    parts: parts as u64,
                    products: products.len() as u64,
                };
                gpu.launch(grid, SHARED, &args);
            }
        }
    }

    /// Both operands are written as limbs, as much of them at a time as fits in `packed` elements each.
    fn by_limbs(self, gpu: &Rc<Gpu>, products: &Products<'_>, base: Option<&Words>, out: &Words, packed: usize) {
        let Self { batches, rows, columns, depth, .. } = self;
        let up = |lanes: usize| lanes.div_ceil(TILE) * TILE;
        let tall = up(rows).min((packed / LIMB_STEP / TILE).max(1) * TILE);
        let deep = (packed / tall / LIMB_STEP).max(1) * LIMB_STEP;
        let deep = deep.min(depth.div_ceil(LIMB_STEP) * LIMB_STEP);
        let wide = up(columns).min((packed / deep / TILE).max(1) * TILE);
        let some = (packed / deep / tall.max(wide)).clamp(1, batches).min(MOST_BLOCKS / 64);
        let all_steps = products.len() * (deep / LIMB_STEP);
        let parts = parts(gpu, some * (tall / TILE) * (wide / TILE), all_steps);
        let result = self.target(gpu, base, out, parts > 1);
        for batch in (0..batches).step_by(some) {
            let batches = some.min(batches - batch);
            for from in (0..depth).step_by(deep) {
                let steps = deep.min(depth - from).div_ceil(LIMB_STEP);
                for row in (0..rows).step_by(tall) {
                    let height = tall.min(rows - row);
                    let part = [batch, row, from, batches, height, steps, rows, depth];
                    let left = self.limbs(gpu, products, 0, part);
                    for column in (0..columns).step_by(wide) {
                        let width = wide.min(columns - column);
                        let part = [batch, column, from, batches, width, steps, columns, depth];
                        let right = self.limbs(gpu, products, 1, part);
                        let blocks = [width, height].map(|lanes| lanes.div_ceil(TILE));
                        let grid = [blocks[0], blocks[1], batches * parts].map(|side| side as u32);
                        let at = |limbs: &[Words]| [0, 1].map(|product| limbs.get(product).map_or(0, CudaArray::at));
                        let args = LimbProduct {
                            left: at(&left),
                            right: at(&right),
                            result: Target { fresh: u64::from(from == 0 && parts == 1), ..result },
                            batch: batch as u64,
                            row: row as u64,
                            column: column as u64,
                            rows: rows as u64,
                            columns: columns as u64,
                            left_tiles: tiles(height) as u64,
                            right_tiles: tiles(width) as u64,
                            steps: steps as u64,
                            parts: parts as u64,
                            products: products.len() as u64,
                        };
                        gpu.launch(grid, LIMB_SHARED, &args);
                    }
                }
            }
        }
    }

    /// A part of the operands of one side as limbs: the first batch, lane and depth, how many batches, lanes and steps, and how
    /// many lanes and depths there are.
    fn limbs(&self, gpu: &Rc<Gpu>, products: &Products<'_>, side: usize, range: [usize; 8]) -> SmallVec<[Words; 2]> {
        let Layout { kind, strides } = self.layouts[side];
        let strides = strides.map(|at| at as u64);
        let [batch, lane, depth, batches, height, steps, lanes, depths] = range;
        let one = |factors: &[Factor<'_>; 2]| {
            let factor = factors[side];
            let write = || {
                let limbs = CudaArray::room(gpu, batches * tiles(height) * 16 * steps * LIMB_STEP);
                let threads = (limbs.len() / 4) as u64;
                let [data, less] = factor.at();
                let args = Limbs {
                    threads,
                    from: Operand { data: [data, 0], less: [less, 0], kind, strides },
                    shape: self.shape,
                    out: limbs.at(),
                    batch: batch as u64,
                    lane: lane as u64,
                    depth: depth as u64,
                    lanes: lanes as u64,
                    depths: depths as u64,
                    tiles: tiles(height) as u64,
                    steps: steps as u64,
                };
                gpu.each(threads, &args);
                limbs
            };
            let Some(Identity::Stored { memory, .. }) = factor.beside.identity() else { return write() };
            let [data, less] = [factor.data, factor.less].map(|array| array.and_then(CudaArray::identity));
            gpu.packs.limbs(memory, Key { data, less, kind, strides, shape: self.shape, range }, write)
        };
        products.iter().map(one).collect()
    }
}

/// Tiles of 16 lanes: whole blocks.
fn tiles(lanes: usize) -> usize {
    lanes.div_ceil(TILE) * (TILE / 16)
}
