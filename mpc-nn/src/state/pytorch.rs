//! PyTorch's `.pt` and `.pth` files: a zip of plain numbers, and a pickle that says what they are. The pickle is read, never
//! run: of what it could call, tensors, parameters and dictionaries are known, and everything else is passed over.

mod pickle;

use crate::data::{FileError, Problem, tensors::half};
use ndarray::{ArrayD, IxDyn};
use pickle::{Pickle, Tensor, Value};
use std::{
    collections::HashMap,
    fs::File,
    io::{BufReader, Read, Seek},
    path::Path,
};
use zip::{CompressionMethod, ZipArchive};

/// The largest pickle: names and shapes of a hundred thousand tensors take less.
const PICKLE: u64 = 1 << 26;
/// The largest tensor, in elements.
const LARGEST: usize = 1 << 31;
/// Dictionaries in dictionaries, as in a checkpoint of a training.
const DEPTH: usize = 4;
/// The most entries of all dictionaries, each as often as it is met.
const ENTRIES: usize = 1 << 18;

/// Reads all tensors by name. Those of dictionaries in the dictionary have its key and a dot before their name, as
/// `state_dict.conv1.weight`.
pub(super) fn read(path: &Path) -> Result<Vec<(String, ArrayD<f64>)>, FileError> {
    let file = File::open(path).map_err(|error| FileError::of(path, error))?;
    of_zip(BufReader::new(file)).map_err(|(entry, problem)| match entry {
        Some(entry) => FileError::column(path, &entry, problem),
        None => FileError::of(path, problem),
    })
}

type Failure = (Option<String>, Problem);

fn format<T>(text: impl Into<String>) -> Result<T, Failure> {
    Err((None, Problem::Format(text.into())))
}

fn of_zip(reader: impl Read + Seek) -> Result<Vec<(String, ArrayD<f64>)>, Failure> {
    let Ok(mut archive) = ZipArchive::new(reader) else {
        return format("not a zip of tensors, as PyTorch writes it since version 1.6: save it again with `torch.save`");
    };
    let Some(index) = archive.file_names().find(|name| name.ends_with("/data.pkl")).map(str::to_owned) else {
        return format("no `data.pkl` in it: it is not what `torch.save` writes (TorchScript files are not read)");
    };
    let root = index.trim_end_matches("data.pkl").to_owned();
    if let Ok(order) = entry(&mut archive, &format!("{root}byteorder"), 16)
        && order != b"little"
    {
        return format("written on a machine with another order of bytes");
    }
    let bytes = entry(&mut archive, &index, PICKLE)?;
    let pickle = pickle::read(&bytes).map_err(|problem| (Some("data.pkl".to_owned()), Problem::Format(problem)))?;
    let (mut named, mut left) = (Vec::new(), ENTRIES);
    collect(&pickle, &pickle.top, "", DEPTH, &mut left, &mut named)?;
    if named.is_empty() {
        return format("no dictionary of tensors in it: save `model.state_dict()`");
    }
    let mut storages: HashMap<String, Vec<f64>> = HashMap::new();
    let (mut all, mut left) = (Vec::with_capacity(named.len()), LARGEST);
    for (name, tensor) in named {
        let failed = |problem: Failure| (Some(name.clone()), problem.1);
        if !storages.contains_key(&tensor.storage) {
            let numbers = storage(&mut archive, &root, &tensor).map_err(failed)?;
            storages.insert(tensor.storage.clone(), numbers);
        }
        let numbers = &storages[&tensor.storage];
        left = match left.checked_sub(tensor.shape.iter().product::<usize>().max(1)) {
            Some(left) if tensor.shape.iter().product::<usize>() <= numbers.len() => left,
            _ => return Err((Some(name), Problem::Format("more elements than there are numbers".into()))),
        };
        let Some(values) = strided(&tensor, numbers) else {
            return Err((Some(name), Problem::Format("it reaches beyond its numbers".into())));
        };
        all.push((name, values));
    }
    Ok(all)
}

/// The bytes of an entry, if they are not too many: what the archive says of their number is not trusted.
fn entry<R: Read + Seek>(archive: &mut ZipArchive<R>, name: &str, most: u64) -> Result<Vec<u8>, Failure> {
    let failed = |problem: String| (Some(name.to_owned()), Problem::Format(problem));
    let file = archive.by_name(name).map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| (Some(name.to_owned()), error.into()))?;
    if bytes.len() as u64 > most { Err(failed("too long".to_owned())) } else { Ok(bytes) }
}

fn storage<R: Read + Seek>(archive: &mut ZipArchive<R>, root: &str, tensor: &Tensor) -> Result<Vec<f64>, Failure> {
    let name = format!("{root}data/{}", tensor.storage);
    let stored = archive.by_name(&name).is_ok_and(|file| file.compression() == CompressionMethod::Stored);
    if !stored {
        return format("its numbers are missing or compressed");
    }
    let Some(wide) = width(&tensor.kind) else {
        return Err((None, Problem::Elements(tensor.kind.clone())));
    };
    let most = tensor.count.checked_mul(wide).filter(|_| tensor.count <= LARGEST);
    let Some(most) = most else { return format("too many numbers") };
    let bytes = entry(archive, &name, most as u64)?;
    if bytes.len() != most {
        return format("its numbers are not as many as it says");
    }
    Ok(numbers(&tensor.kind, &bytes))
}

fn width(kind: &str) -> Option<usize> {
    match kind {
        "ByteStorage" | "CharStorage" | "BoolStorage" => Some(1),
        "HalfStorage" | "BFloat16Storage" | "ShortStorage" => Some(2),
        "FloatStorage" | "IntStorage" => Some(4),
        "DoubleStorage" | "LongStorage" => Some(8),
        _ => None,
    }
}

macro_rules! little_endian {
    ($bytes:ident, $number:ty, $convert:expr) => {{
        let (chunks, _) = $bytes.as_chunks::<{ size_of::<$number>() }>();
        chunks.iter().map(|&bytes| $convert(<$number>::from_le_bytes(bytes))).collect()
    }};
}

fn numbers(kind: &str, bytes: &[u8]) -> Vec<f64> {
    match kind {
        "FloatStorage" => little_endian!(bytes, f32, f64::from),
        "DoubleStorage" => little_endian!(bytes, f64, |x| x),
        "HalfStorage" => little_endian!(bytes, u16, half),
        "BFloat16Storage" => little_endian!(bytes, u16, |x| f64::from(f32::from_bits(u32::from(x) << 16))),
        "LongStorage" => little_endian!(bytes, i64, |x| x as f64),
        "IntStorage" => little_endian!(bytes, i32, f64::from),
        "ShortStorage" => little_endian!(bytes, i16, f64::from),
        "CharStorage" => little_endian!(bytes, i8, f64::from),
        _ => bytes.iter().map(|&x| f64::from(x)).collect(),
    }
}

/// The elements of a tensor in row-major order, from the numbers that it is a view of.
fn strided(tensor: &Tensor, numbers: &[f64]) -> Option<ArrayD<f64>> {
    let Tensor { shape, stride, offset, .. } = tensor;
    let count: usize = shape.iter().product();
    let mut values = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        let at = index
            .iter()
            .zip(stride)
            .try_fold(*offset, |at, (i, step)| at.checked_add(usize::checked_mul(*i, *step)?))?;
        values.push(*numbers.get(at)?);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    ArrayD::from_shape_vec(IxDyn(shape), values).ok()
}

/// The tensors of a dictionary and of those in it; `left`: how many entries may be looked at.
fn collect(
    pickle: &Pickle,
    value: &Value,
    prefix: &str,
    depth: usize,
    left: &mut usize,
    named: &mut Vec<(String, Tensor)>,
) -> Result<(), Failure> {
    let entries = if let Value::Dict(at) = value { pickle.dicts.get(*at) } else { None };
    for (key, value) in entries.into_iter().flatten() {
        *left = match left.checked_sub(1) {
            Some(left) => left,
            None => return format("too many entries"),
        };
        let Value::Text(key) = key else { continue };
        match value {
            Value::Tensor(tensor) => named.push((format!("{prefix}{key}"), (**tensor).clone())),
            Value::Dict(_) if depth > 1 => collect(pickle, value, &format!("{prefix}{key}."), depth - 1, left, named)?,
            _ => {}
        }
    }
    Ok(())
}
