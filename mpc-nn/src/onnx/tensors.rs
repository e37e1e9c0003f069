//! Tensors of a file, in the file or beside it.

use super::{
    array::{Array, Element, MOST, within},
    ops::element,
    proto::{TensorProto, tensor_proto::DataLocation},
    report::Reason,
};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Component, Path},
};

/// The largest tensor of a file, in elements.
const LARGEST: usize = 1 << 31;

/// Reads a tensor. `folder`: where files beside the model may lie; without it there are none.
pub(super) fn read(tensor: &TensorProto, folder: Option<&Path>) -> Result<Array, Reason> {
    let kind = i64::from(tensor.data_type.unwrap_or(0));
    let element = element(kind)?;
    let shape = tensor.dims.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<Vec<_>>>();
    let shape = shape.ok_or("a size is negative")?;
    let count = within(&shape, LARGEST)?;
    if tensor.segment.is_some() {
        return Reason::err("tensors in segments are not supported");
    }
    let values = if tensor.data_location() == DataLocation::External {
        let wide = width(kind).ok_or("elements of this type are not supported in files beside the model")?;
        let bytes = beside(tensor, folder, count.checked_mul(wide).ok_or("the tensor is too large")?)?;
        numbers(kind, &bytes)
    } else if let Some(bytes) = &tensor.raw_data {
        // Before numbers are made of them, so that a short file does not become a large one.
        if width(kind).and_then(|wide| count.checked_mul(wide)) != Some(bytes.len()) {
            return Reason::err(format!("its {} bytes are not those of shape {shape:?}", bytes.len()));
        }
        numbers(kind, bytes)
    } else {
        fields(kind, tensor)
    };
    let values = values.ok_or("elements of this type are not supported")?;
    if values.len() != count {
        return Reason::err(format!("its {} elements are not those of shape {shape:?}", values.len()));
    }
    if element == Element::Int && count > MOST {
        return Reason::err("a tensor of whole numbers is too large");
    }
    Array::new(element, &shape, values)
}

/// Bytes of an element.
fn width(kind: i64) -> Option<usize> {
    match kind {
        2 | 3 | 9 => Some(1),
        4 | 5 | 10 | 16 => Some(2),
        1 | 6 | 12 => Some(4),
        7 | 11 | 13 => Some(8),
        _ => None,
    }
}

macro_rules! little_endian {
    ($bytes:ident, $number:ty, $convert:expr) => {{
        let (chunks, _) = $bytes.as_chunks::<{ size_of::<$number>() }>();
        chunks.iter().map(|&bytes| $convert(<$number>::from_le_bytes(bytes))).collect()
    }};
}

/// Numbers from bytes.
fn numbers(kind: i64, bytes: &[u8]) -> Option<Vec<f64>> {
    Some(match kind {
        1 => little_endian!(bytes, f32, f64::from),
        2 => little_endian!(bytes, u8, f64::from),
        3 => little_endian!(bytes, i8, f64::from),
        4 => little_endian!(bytes, u16, f64::from),
        5 => little_endian!(bytes, i16, f64::from),
        6 => little_endian!(bytes, i32, f64::from),
        7 => little_endian!(bytes, i64, |x| x as f64),
        9 => little_endian!(bytes, u8, |x| f64::from(u8::from(x != 0))),
        10 => little_endian!(bytes, u16, crate::data::tensors::half),
        11 => little_endian!(bytes, f64, |x| x),
        12 => little_endian!(bytes, u32, f64::from),
        13 => little_endian!(bytes, u64, |x| x as f64),
        16 => little_endian!(bytes, u16, |x| f64::from(f32::from_bits(u32::from(x) << 16))),
        _ => return None,
    })
}

/// Numbers from the fields that some kinds have.
fn fields(kind: i64, tensor: &TensorProto) -> Option<Vec<f64>> {
    let small = tensor.int32_data.iter();
    Some(match kind {
        1 => tensor.float_data.iter().map(|&x| f64::from(x)).collect(),
        2..=6 => small.map(|&x| f64::from(x)).collect(),
        9 => small.map(|&x| f64::from(u8::from(x != 0))).collect(),
        10 => small.map(|&x| crate::data::tensors::half(x as u16)).collect(),
        16 => small.map(|&x| f64::from(f32::from_bits((x as u32) << 16))).collect(),
        7 => tensor.int64_data.iter().map(|&x| x as f64).collect(),
        11 => tensor.double_data.clone(),
        12 | 13 => tensor.uint64_data.iter().map(|&x| x as f64).collect(),
        _ => return None,
    })
}

/// The bytes of a tensor in a file of the model's folder. A path that leads anywhere else is refused.
fn beside(tensor: &TensorProto, folder: Option<&Path>, length: usize) -> Result<Vec<u8>, Reason> {
    let entry = |key: &str| {
        let found = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key));
        found.and_then(|entry| entry.value.as_deref())
    };
    let number = |key: &str| match entry(key) {
        None => Ok(None),
        Some(text) => text.parse::<u64>().map(Some).map_err(|_| Reason(format!("its `{key}` is no number"))),
    };
    let folder = folder.ok_or("its numbers are in another file: read the model by its path")?;
    let location = entry("location").ok_or("its numbers are in a file that is not named")?;
    let path = Path::new(location);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || location.contains('\\') {
        return Reason::err("its numbers are in a file outside of the model's folder: refused");
    }
    let failed = |error: std::io::Error| Reason(format!("its file beside the model: {error}"));
    // A link may lead out of the folder.
    let (root, file) = (folder.canonicalize().map_err(failed)?, folder.join(path).canonicalize().map_err(failed)?);
    if !file.starts_with(&root) {
        return Reason::err("its numbers are in a file outside of the model's folder: refused");
    }
    let (offset, given) = (number("offset")?.unwrap_or(0), number("length")?);
    if given.is_some_and(|given| given != length as u64) {
        return Reason::err("its length is not that of its shape");
    }
    let mut file = File::open(file).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    if offset.checked_add(length as u64).is_none_or(|end| end > size) {
        return Reason::err("its file beside the model is too short");
    }
    file.seek(SeekFrom::Start(offset)).map_err(failed)?;
    let mut bytes = vec![0; length];
    file.read_exact(&mut bytes).map_err(failed)?;
    Ok(bytes)
}
