//! Safetensors.

use super::{FileError, Problem};
use crate::state::array;
use ndarray::ArrayD;
use safetensors::{Dtype, SafeTensors, serialize, tensor::TensorView};
use std::{fs, path::Path};

/// Reads all tensors of a file, by name: floats of 16 (both kinds), 32 and 64 bits, and integers.
///
/// # Errors
/// [`FileError`], if the file cannot be read; with the name, if a tensor has other elements.
pub fn read(path: impl AsRef<Path>) -> Result<Vec<(String, ArrayD<f64>)>, FileError> {
    let path = path.as_ref();
    let bytes = fs::read(path).map_err(|error| FileError::of(path, error))?;
    let file = SafeTensors::deserialize(&bytes)
        .map_err(|error| FileError::of(path, Problem::Format(format!("not a safetensors file: {error}"))))?;
    let one = |(name, view): (&str, TensorView<'_>)| {
        let wrong = |problem| FileError::column(path, name, problem);
        let values = numbers(view.dtype(), view.data())
            .ok_or_else(|| wrong(Problem::Elements(format!("{:?}", view.dtype()))))?;
        let values = array(view.shape(), values).ok_or_else(|| wrong(Problem::Format("too few elements".into())))?;
        Ok((name.to_owned(), values))
    };
    file.iter().map(one).collect()
}

/// The bytes of a file of 32-bit floats.
pub(crate) fn bytes<'a>(entries: impl Iterator<Item = (&'a str, &'a ArrayD<f64>)>) -> Result<Vec<u8>, Problem> {
    let data: Vec<_> = entries
        .map(|(name, values)| {
            let bytes: Vec<u8> = values.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
            (name, values.shape().to_vec(), bytes)
        })
        .collect();
    let format = |error: safetensors::SafeTensorError| Problem::Format(error.to_string());
    let views = data.iter().map(|(name, shape, bytes)| {
        TensorView::new(Dtype::F32, shape.clone(), bytes).map(|view| (*name, view)).map_err(format)
    });
    serialize(views.collect::<Result<Vec<_>, _>>()?, None).map_err(format)
}

macro_rules! little_endian {
    ($bytes:ident, $number:ty, $convert:expr) => {{
        let (chunks, _) = $bytes.as_chunks::<{ size_of::<$number>() }>();
        chunks.iter().map(|&bytes| $convert(<$number>::from_le_bytes(bytes))).collect()
    }};
}

fn numbers(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f64>> {
    Some(match dtype {
        Dtype::F32 => little_endian!(bytes, f32, f64::from),
        Dtype::F64 => little_endian!(bytes, f64, |x| x),
        Dtype::BF16 => little_endian!(bytes, u16, |x| f64::from(f32::from_bits(u32::from(x) << 16))),
        Dtype::F16 => little_endian!(bytes, u16, half),
        Dtype::U8 | Dtype::BOOL => little_endian!(bytes, u8, f64::from),
        Dtype::I8 => little_endian!(bytes, i8, f64::from),
        Dtype::I16 => little_endian!(bytes, i16, f64::from),
        Dtype::U16 => little_endian!(bytes, u16, f64::from),
        Dtype::I32 => little_endian!(bytes, i32, f64::from),
        Dtype::U32 => little_endian!(bytes, u32, f64::from),
        Dtype::I64 => little_endian!(bytes, i64, |x| x as f64),
        Dtype::U64 => little_endian!(bytes, u64, |x| x as f64),
        _ => return None,
    })
}

/// A float of 16 bits: sign, 5 bits of exponent, 10 of fraction.
pub(crate) fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    sign * match exponent {
        0 => fraction * f64::exp2(-14.0),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * f64::from(exponent - 15).exp2(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read() {
        let of = [0x3C00, 0xC000, 0x7BFF, 0x0001, 0x3555, 0x8000].map(half);
        assert_eq!(of, [1.0, -2.0, 65504.0, 0.5f64.powi(24), 0.333251953125, 0.0]);
        assert!(half(0x7C00).is_infinite() && half(0x7C01).is_nan());
        assert_eq!(numbers(Dtype::BF16, &[0x80, 0x3F, 0x20, 0xC1]), Some(vec![1.0, -10.0]));
    }
}
